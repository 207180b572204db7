"""A daemon with few file descriptors and more callers than those, or with none left at all: it serves, it rests, and it
still reaches the upstream."""

import os
import resource
import socket
import subprocess
import time
from contextlib import contextmanager

from . import clients
from .machine import run, wait_until
from .upstream import write_configuration

LIMIT = 64
PRLIMIT = ["prlimit", f"--nofile={LIMIT}:{LIMIT}", "--"]
CALLERS = 70
SECONDS = 2


def few(checks, upstream, folder):
    configuration = write_configuration(
        folder / "few.yaml", secretKeyFile=str(upstream.secret_file), **upstream.keys
    )
    checked = run(*PRLIMIT, "imattrd", "--check", "--config", str(configuration))
    says = f"{LIMIT} file descriptors: " in checked.stdout and "maxConnections 4096 becomes" in checked.stderr
    checks.expect("few descriptors: --check says so", None if says and checked.returncode == 0 else repr(checked))
    path, log = folder / "few.sock", folder / "few.log"
    with ended(checks, ["imattrd", "--socket", str(path), "--config", str(configuration)], path, log) as daemon:
        crowd(checks, daemon, path, log)
    path, log, metrics = folder / "none.sock", folder / "none.log", folder / "none-metrics.sock"
    activated = ["systemd-socket-activate", "-l", str(path), "-l", str(metrics), "--fdname=rpc:metrics"]
    with ended(checks, [*activated, "imattrd", "--config", str(configuration)], metrics, log) as daemon:
        shortage(checks, daemon, path, metrics, log)


@contextmanager
def ended(checks, command, path, log):
    """A daemon with few descriptors that has bound a path, and is asked to stop afterwards."""
    with log.open("w") as standard_error:
        daemon = subprocess.Popen([*PRLIMIT, *command], stderr=standard_error)
    try:
        wait_until(lambda: path.exists() or daemon.poll() is not None, "the socket of imattrd with few descriptors")
        yield daemon
        daemon.terminate()
        checks.equal("few descriptors: it ends with 0 when asked to stop", daemon.wait(30), 0)
    finally:
        daemon.kill()
        daemon.wait()


def crowd(checks, daemon, path, log):
    callers = [clients.Connection(path) for _ in range(CALLERS)]
    try:
        served = [caller for caller in callers if is_served(caller)]
        # All of one user, which may have half of what is left for callers.
        enough = 8 <= len(served) < CALLERS
        checks.expect("few descriptors: some callers are served", None if enough else f"{len(served)} are")
        # The first call needs the certificates, the upstream's name, and the library that signs.
        answer = served[0].ask("getAttrs", {"To_Account": ["abc"]})
        checks.expect("few descriptors: the upstream is reached", None if "result" in answer else repr(answer))
        expect_rest(checks, daemon, "few descriptors: it rests")
        checks.equal("few descriptors: one line says so", count(log, "connection refused"), 1)
    finally:
        for caller in callers:
            caller.close()
    wait_until(lambda: clients.get_attrs(path) == "answered", "a place for another caller")
    checks.expect("few descriptors: the next caller is served", None)


def shortage(checks, daemon, path, metrics, log):
    """The limit is lowered under the running daemon until it has no descriptor left, which its own division of them excludes."""
    callers = [clients.Connection(path) for _ in range(3)]
    for caller in callers:
        caller.ping()
    leave_no_descriptor(daemon)
    answer = callers[0].ask("getAttrs", {"To_Account": ["abc"], "timeoutMs": 500})
    failed = answer.get("error", {}).get("code") in (-32001, -32002)
    checks.expect("no descriptor: a first getAttrs is an error, and no more", None if failed else repr(answer))
    set_limit(daemon, LIMIT)
    wait_until(lambda: "result" in callers[0].ask("getAttrs", {"To_Account": ["abc"]}), "an answer of the upstream")
    leave_no_descriptor(daemon)
    late, reader = clients.Connection(path), socket.socket(socket.AF_UNIX)
    reader.connect(str(metrics))
    wait_until(lambda: count(log, "accepting pauses"), "the line about no descriptor")
    expect_rest(checks, daemon, "no descriptor: it rests")
    answer = callers[0].ask("getAttrs", {"To_Account": ["abcd"]})
    checks.expect("no descriptor: upstream calls go on", None if "result" in answer else repr(answer))
    door = callers[0].ask("getStatus")["result"]["door"]
    checks.equal("no descriptor: getStatus says so", (door["isShortOfDescriptors"], door["descriptorShortages"]), (True, 1))
    begin = time.monotonic()
    callers.pop().close()
    checks.equal("no descriptor: the next caller is served when another leaves", late.ping(), "pong")
    took = time.monotonic() - begin
    checks.expect("no descriptor: it is served at once", None if took < 0.9 else f"after {took:.2f} s")
    callers.pop().close()
    reader.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    reader.settimeout(30)
    checks.equal("no descriptor: so is who reads metrics", reader.recv(12), b"HTTP/1.1 200")
    reader.close()
    wait_until(lambda: count(log, "accepting goes on"), "the line about descriptors again")
    lines = [count(log, text) for text in ("accepting pauses", "accepting goes on")]
    checks.equal("no descriptor: one line says so, and one that it is over", lines, [1, 1])
    for connection in (*callers, late):
        connection.close()


def leave_no_descriptor(daemon):
    """The limit becomes the least number that is free."""
    used = {int(name) for name in os.listdir(f"/proc/{daemon.pid}/fd")}
    set_limit(daemon, next(number for number in range(LIMIT) if number not in used))


def set_limit(daemon, limit):
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (limit, LIMIT))


def expect_rest(checks, daemon, name):
    before = processor_seconds(daemon.pid)
    time.sleep(SECONDS)
    used = processor_seconds(daemon.pid) - before
    checks.expect(name, None if used < SECONDS / 20 else f"{used:.2f} s of {SECONDS} s")


def count(log, text):
    return sum(text in line for line in log.read_text().splitlines())


def is_served(caller):
    try:
        return caller.ping() == "pong"
    except (OSError, ValueError, KeyError):
        return False


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
