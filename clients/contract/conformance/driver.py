"""A driver of the client under test: a program that speaks JSON lines on its standard input and output."""

import fcntl
import json
import os
import select
import subprocess
import time
from collections import deque

from .lines import LineSplitter
from .processes import Child, clean_environment

BUILD_PATIENCE = 900  # seconds for the first start, which may compile
START_PATIENCE = 90  # for each other one; some languages start slowly on a busy machine


class DriverFailure(Exception):
    """A driver that does not keep to the protocol of drivers."""


class Driver:
    """A running driver; a context. Nothing here blocks but `say`, `next_line` and `finish`."""

    def __init__(self, command, folder, socket_path, obeys_modes=False):
        """`command`: its words. `socket_path`: what IMATTRD_SOCKET is to be; None unsets it."""
        self.lines = deque()
        self.splitter = LineSplitter()
        self.ended = False
        self.errors = open(folder / "driver.stderr", "w+b")
        self.child = Child(
            command,
            clean_environment(IMATTRD_SOCKET=socket_path),
            obeys_modes=obeys_modes,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=0,
        )
        self.output = self.child.process.stdout
        fcntl.fcntl(self.output, fcntl.F_SETFL, os.O_NONBLOCK)

    def fileno(self):
        return self.output.fileno()

    def read(self):
        """Takes in what is there."""
        while not self.ended:
            try:
                chunk = os.read(self.fileno(), 1 << 18)
            except BlockingIOError:
                return
            self.ended = not chunk
            self.lines.extend(self.splitter.lines(chunk))
        if self.splitter.rest:
            raise DriverFailure(f"the driver ended within a line: {self.splitter.rest[0][:200]!r}")

    def next_line(self, seconds):
        """The next line as JSON; None if the driver has ended."""
        deadline = time.monotonic() + seconds
        while not self.lines:
            if self.ended:
                return None
            readable, _, _ = select.select([self], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise DriverFailure(f"the driver said nothing for {seconds} s")
            self.read()
        return parsed(self.lines.popleft())

    def hello(self, seconds=START_PATIENCE):
        """Its first line: (name, features)."""
        line = self.next_line(seconds)
        if not isinstance(line, dict) or not isinstance(line.get("driver"), str):
            raise DriverFailure(f"the driver's first line is {line!r}{self.complaints()}")
        return line["driver"], set(line.get("features", []))

    def say(self, command):
        """Gives it a command."""
        try:
            self.child.process.stdin.write(json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            raise DriverFailure(f"the driver has closed its standard input{self.complaints()}") from None

    def end_input(self):
        try:
            self.child.process.stdin.close()
        except BrokenPipeError:
            pass

    def complaints(self):
        """What it has written to standard error, for a message."""
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace").strip()
        return f"\n  its standard error:\n{_indented(text[-3000:])}" if text else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_input()
        self.child.kill()
        self.output.close()
        self.errors.close()


def parsed(line):
    """A line of the driver, strictly."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    try:
        return json.loads(line.decode("utf-8"), parse_constant=refuse)
    except ValueError as error:
        raise DriverFailure(f"the driver said what is no JSON ({error}): {line[:300]!r}") from None


def _indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())


def features(command, folder):
    """(name, features), by starting the driver once; it builds itself by that, if need be."""
    with Driver(command, folder, str(folder / "nobody.sock")) as driver:
        found = driver.hello(BUILD_PATIENCE)
        driver.end_input()
        if driver.child.wait(START_PATIENCE) != 0:
            raise DriverFailure(f"without any command the driver did not exit 0{driver.complaints()}")
        return found
