"""A caller that asks again and again until SIGTERM, waits for what is in flight, and prints what became of it all.

asker.py asks|streams|connects NAME
"""

import itertools
import json
import signal
import socket
import sys
import time

import imattr

SOCKET = "/run/imattrd/imattrd.sock"
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


class Asker:
    """Counts what is answered and what fails. Accounts are never the same twice, and answers repeat their names."""

    def __init__(self, name):
        self.name = name
        self.answered = 0
        self.failures = []
        self.longest = 0.0
        self.stopped = False
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_):
        self.stopped = True

    def accounts(self):
        """Account after account, until the end is asked for."""
        for number in itertools.count():
            if self.stopped:
                return
            yield f"{self.name}-{number}"

    def note(self, account, attrs):
        if account not in str(attrs):
            self.failures.append(f"{account} got {attrs!r}")
        self.answered += 1
        if self.answered == 1:
            print("answered", flush=True)

    def asks(self):
        """One request at a time."""
        for account in self.accounts():
            begin = time.monotonic()
            try:
                result = imattr.get_attrs([account])
                self.note(account, result.user_attrs.get(account))
            except imattr.Error as error:
                self.failures.append(f"{account}: {error!r}")
            self.longest = max(self.longest, time.monotonic() - begin)

    def streams(self):
        """More than the limit lets through, always."""
        try:
            for user in imattr.stream(self.accounts(), batch=100, in_flight=30, timeout=60):
                self.note(user.account, user.attrs)
        except imattr.Error as error:
            self.failures.append(repr(error))

    def connects(self):
        """A new connection each time. It may be lost or refused for now; a socket where no process listens is a failure."""
        for account in self.accounts():
            begin = time.monotonic()
            with socket.socket(socket.AF_UNIX) as connection:
                try:
                    connection.connect(SOCKET)
                except OSError as error:
                    self.failures.append(f"connect: {error!r}")
                    continue
                try:
                    connection.sendall(PING)
                    line = connection.makefile("rb").readline()
                except (BrokenPipeError, ConnectionResetError):
                    line = b""
            if b'"pong"' in line:
                self.note(account, account)
            self.longest = max(self.longest, time.monotonic() - begin)
            time.sleep(0.002)  # this is not to measure how many connections a second are possible


def main():
    asker = Asker(sys.argv[2])
    getattr(asker, sys.argv[1])()
    print(json.dumps({"answered": asker.answered, "failures": asker.failures, "longest": round(asker.longest, 2)}))


main()
