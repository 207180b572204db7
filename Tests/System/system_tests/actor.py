"""A caller of the story in rights.py: a process that keeps its connections, and does what it reads from standard input.

    python3 -m system_tests.actor [FIRST_UID]

With FIRST_UID it is root of a user namespace, as in a container whose users begin there outside. Each line that it reads is a JSON
object, and it answers by one line of JSON:

    {"do": "send", "path": …, "line": …, "uid": …}     the line that comes back, or [ERRNO] if it cannot connect
    {"do": "open_to_all", "path": …}                   lets every user connect, if it may; else [ERRNO]
    {"do": "queue", "path": …, "uids": […], "accounts": […]}  asks by a connection of each user, and waits for no answer
    {"do": "forget"}                                   closes what `queue` has opened
    {"do": "load", "path": …, "prefix": …, "begin": …, "end": …, "bad": …}  how many accounts are answered and how many fail from one time
                                                       to another (CLOCK_MONOTONIC), while more wait; `bad` is in each request
"""

import ctypes
import errno
import json
import os
import selectors
import socket
import sys
import time

CLONE_NEWUSER = 0x10000000
USERS = 65536
REQUESTS = 1000
ACCOUNTS = 10


def enter_container(first):
    """Becomes root of a new user namespace, whose map a process outside has to write."""
    inside, pid = os.pipe(), os.getpid()
    helper = os.fork()
    if helper == 0:
        os.read(inside[0], 1)
        for kind in ["uid", "gid"]:
            with open(f"/proc/{pid}/{kind}_map", "w") as file:
                file.write(f"0 {first} {USERS}\n")
        os._exit(0)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.write(inside[1], b"x")
    if os.waitpid(helper, 0)[1] != 0:
        raise RuntimeError("the user namespace has no map")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def connect(path, uid=None):
    """A connection of a user: the kernel notes who connects."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    own = os.geteuid()
    if uid is not None:
        os.seteuid(uid)
    try:
        connection.connect(path)
    finally:
        os.seteuid(own)
    return connection


def get_attrs(accounts, number=1):
    params = {"To_Account": accounts}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "getAttrs", "params": params}).encode() + b"\n"


class Actor:
    def __init__(self):
        self.files = {}
        self.queued = []

    def send(self, path, line, uid=None):
        if (path, uid) not in self.files:
            try:
                self.files[path, uid] = connect(path, uid).makefile("rwb")
            except OSError as error:
                return [errno.errorcode[error.errno]]
        file = self.files[path, uid]
        file.write(line.encode() + b"\n")
        file.flush()
        return file.readline().decode()

    def open_to_all(self, path):
        try:
            os.chmod(path, 0o666)
        except OSError as error:
            return [errno.errorcode[error.errno]]

    def queue(self, path, uids, accounts):
        for uid in uids:
            self.queued.append(connect(path, uid))
            self.queued[-1].sendall(get_attrs([f"{account}-{uid}" for account in accounts]))

    def forget(self):
        for connection in self.queued:
            connection.close()
        self.queued = []

    def load(self, path, prefix, begin, end, bad=None):
        answered = failed = 0
        unread = b""
        more = [] if bad is None else [bad]
        with connect(path) as connection, selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(
                b"".join(
                    get_attrs([f"{prefix}{begin}-{number}-{place}" for place in range(ACCOUNTS)] + more, number)
                    for number in range(REQUESTS)
                )
            )
            while (now := time.monotonic()) < end:
                if not selector.select(timeout=end - now):
                    break
                *lines, unread = (unread + connection.recv(1 << 16)).split(b"\n")
                if time.monotonic() > begin:
                    good = sum(b'"result"' in line for line in lines)
                    answered += ACCOUNTS * good
                    failed += len(lines) - good
        return {"answered": answered, "failed": failed}


def main():
    if sys.argv[1:]:
        enter_container(int(sys.argv[1]))
    actor = Actor()
    for line in sys.stdin:
        arguments = json.loads(line)
        print(json.dumps(getattr(actor, arguments.pop("do"))(**arguments)), flush=True)


if __name__ == "__main__":
    main()
