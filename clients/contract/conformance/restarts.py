"""The command `restarts`: a real daemon is stopped and killed under load, again and again, and nobody notices."""

import argparse
import json
import select
import socket
import threading
import time

from .daemon import Daemon, Folder, Sandbox, StartFailure, listening_socket
from .driver import START_PATIENCE, Driver, DriverFailure, features
from .echo import EchoCount, echoed
from .processes import end_children_on_signals
from .runner import driver_command

PATIENCE = 120  # seconds without progress after which something hangs
ACCOUNTS_PER_RESTART = 1000
BATCH, IN_FLIGHT = 20, 16
ACCOUNTS_PER_CALL = 20  # of one-shot calls
CALLS_PER_RESTART = 3
UPSTREAM = ["--unknown", "echo", "--compact", "--rate-limit", "1000000", "--delay-ms", "40"]
DAEMON = ["--rate-limit", "1000000", "--log-level", "warning"]


class Lost(Exception):
    """Something was lost, doubled or mixed up, or does not go on."""


class Progress:
    """What the driver has said so far, counted by a thread of its own."""

    def __init__(self, driver, take):
        """`take`: called with each line; gives the new count of what is answered, or None at the end."""
        self.driver = driver
        self.take = take
        self.answered = 0
        self.ended = False
        self.failure = None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        failure = None
        try:
            while (line := self.driver.next_line(PATIENCE)) is not None:
                count = self.take(line)
                if count is None:
                    break
                if count != self.answered:
                    with self.changed:
                        self.answered = count
                        self.changed.notify_all()
            else:
                failure = f"the driver ended{self.driver.complaints()}"
        except (DriverFailure, Lost) as error:
            failure = str(error)
        with self.changed:
            self.failure = failure
            self.ended = True
            self.changed.notify_all()

    def wait(self, target):
        """Returns when so much is answered, or all; raises Lost if something is wrong."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.answered >= target or self.ended, PATIENCE):
                raise Lost(f"no progress for {PATIENCE} s; {self.answered} are answered")
            if self.failure:
                raise Lost(self.failure)

    def wait_for_end(self):
        with self.changed:
            while not self.ended:
                before = self.answered
                if not self.changed.wait(PATIENCE) and self.answered == before:
                    raise Lost(f"no progress for {PATIENCE} s; {self.answered} are answered")
            if self.failure:
                raise Lost(self.failure)


class Status:
    """Asks a daemon for its status, by a connection of its own."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def __call__(self):
        self.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"getStatus"}\n')
        return json.loads(self.lines.readline())["result"]

    def close(self):
        self.lines.close()
        self.socket.close()


def wait_until_it_serves(path):
    """Returns when this daemon itself has answered a request under load; whether calls are under way."""
    status = Status(path)
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = status()
            if found["counters"]["answered"] > 0:
                return found["limiter"]["callsUnderWay"] > 0
            select.select([], [], [], 0.01)
        raise Lost(f"the restarted daemon answered no request for {PATIENCE} s")
    finally:
        status.close()


def restart(daemon, number):
    """Ends the daemon, by turns as asked and by force, and starts the next one on the same socket."""
    if number % 2:
        daemon.child.kill()
    else:
        status = daemon.child.stop(patience=60)
        if status != 0:
            raise Lost(f"imattrd exited {status} after SIGTERM:\n{daemon.log.read_text()[-3000:]}")
        daemon.child.kill()
    daemon.start()


def survive(driver, progress, daemon, restarts, target_of):
    """The restarts, each when the load is so far on; gives how many met calls under way at the upstream."""
    busy = 0
    for number in range(1, restarts + 1):
        progress.wait(target_of(number))
        if progress.ended:
            raise Lost(f"all was answered before restart {number}: give more --accounts")
        busy += wait_until_it_serves(daemon.path)
        restart(daemon, number)
    return busy


def run_stream(driver, daemon, restarts, accounts):
    """A stream of accounts during the restarts."""
    count = EchoCount("restart-", accounts)

    def take(line):
        if line.get("end"):
            if line.get("taken") != accounts:
                raise Lost(f"the stream took {line.get('taken')} accounts of {accounts}")
            return None
        if wrong := count.take(line):
            raise Lost(f"after {count.answered} accounts: {wrong}")
        return count.answered

    progress = Progress(driver, take)
    driver.say(
        {"do": "stream", "call": "s", "count": accounts, "prefix": "restart-", "batch": BATCH, "inFlight": IN_FLIGHT}
    )
    busy = survive(driver, progress, daemon, restarts, lambda number: number * accounts // (restarts + 1))
    progress.wait_for_end()
    if lack := count.lack():
        raise Lost(lack)
    return {"measured": "stream", "answeredOnce": count.answered, "asked": accounts, "restartsUnderLoad": busy}


def run_calls(driver, daemon, restarts, calls):
    """One call after the other during the restarts, for drivers that have no stream."""
    asked = {}
    answered = 0

    def call(number):
        names = [f"call-{number}-{index}" for index in range(ACCOUNTS_PER_CALL)]
        asked[f"c{number}"] = echoed(names)
        driver.say({"do": "getAttrs", "call": f"c{number}", "accounts": names})

    def take(line):
        nonlocal answered
        expected = asked.pop(line.get("call"), None)
        if expected is None or line.get("result") != expected:
            raise Lost(f"after {answered} calls: {json.dumps(line)[:500]}")
        answered += 1
        if answered == calls:
            return None
        call(answered)
        return answered

    progress = Progress(driver, take)
    call(0)
    busy = survive(driver, progress, daemon, restarts, lambda number: number * calls // (restarts + 1))
    progress.wait_for_end()
    return {"measured": "calls", "answeredOnce": answered, "asked": calls, "restartsUnderLoad": busy}


def measure(command, restarts=100, accounts=None):
    """What came of it as an object; raises Lost, DriverFailure or StartFailure."""
    begin = time.monotonic()
    with Folder() as folder, listening_socket(folder / "rpc.sock") as listener, Sandbox(folder, UPSTREAM) as sandbox:
        name, known = features(command, folder)
        with Daemon(folder, sandbox, DAEMON, listener).start() as daemon:
            with Driver(command, folder, daemon.path) as driver:
                driver.hello(START_PATIENCE)
                if "stream" in known:
                    found = run_stream(driver, daemon, restarts, accounts or restarts * ACCOUNTS_PER_RESTART)
                else:
                    found = run_calls(driver, daemon, restarts, restarts * CALLS_PER_RESTART)
                driver.end_input()
                if driver.child.wait(START_PATIENCE) != 0:
                    raise Lost(f"the driver did not exit 0{driver.complaints()}")
    return {"driver": name, "restarts": restarts, **found, "seconds": round(time.monotonic() - begin, 1)}


def text(found):
    what = "accounts streamed"
    if found["measured"] == "calls":
        what = f"calls of {ACCOUNTS_PER_CALL} accounts (the driver has no stream)"
    return (
        f"{found['driver']}: {found['restarts']} restarts survived ({(found['restarts'] + 1) // 2} by SIGKILL, "
        f"{found['restarts'] // 2} by SIGTERM; {found['restartsUnderLoad']} with calls under way), "
        f"{found['answeredOnce']} of {found['asked']} {what}, each answered once with its own attributes, "
        f"in {found['seconds']:.0f} s"
    )


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="restarts", description="Streams accounts from a real daemon that is stopped and killed meanwhile."
    )
    parser.add_argument("driver", help="the driver of the client under test")
    parser.add_argument("--restarts", type=int, default=100, help="how many (default 100), by turns SIGKILL and SIGTERM")
    parser.add_argument("--accounts", type=int, help="how many to stream (default 1000 for each restart)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(arguments)
    end_children_on_signals()
    try:
        driver = driver_command("restarts", options.driver)
        found = measure(driver, options.restarts, options.accounts)
    except (Lost, DriverFailure, StartFailure) as failure:
        if options.json:
            print(json.dumps({"failed": str(failure)}))
        else:
            print(f"restarts: FAILED: {failure}")
        return 1
    print(json.dumps(found) if options.json else text(found))
    return 0
