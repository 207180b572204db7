"""A daemon with few file descriptors and more callers than those: it serves, it rests, and it still reaches the upstream."""

import os
import subprocess
import time

from . import clients
from .machine import run, wait_until
from .upstream import write_configuration

LIMIT = 64
CALLERS = 70
SECONDS = 2


def few(checks, upstream, folder):
    configuration = write_configuration(
        folder / "few.yaml", secretKeyFile=str(upstream.secret_file), **upstream.keys
    )
    prlimit = ["prlimit", f"--nofile={LIMIT}:{LIMIT}", "--"]
    checked = run(*prlimit, "imattrd", "--check", "--config", str(configuration))
    says = f"{LIMIT} file descriptors: " in checked.stdout and "maxConnections 4096 becomes" in checked.stderr
    checks.expect("few descriptors: --check says so", None if says and checked.returncode == 0 else repr(checked))
    path, log = folder / "few.sock", folder / "few.log"
    with log.open("w") as standard_error:
        daemon = subprocess.Popen(
            [*prlimit, "imattrd", "--socket", str(path), "--config", str(configuration)], stderr=standard_error
        )
    try:
        wait_until(lambda: path.exists() or daemon.poll() is not None, "the socket of imattrd with few descriptors")
        crowd(checks, daemon, path, log)
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
        before = processor_seconds(daemon.pid)
        time.sleep(SECONDS)
        used = processor_seconds(daemon.pid) - before
        checks.expect("few descriptors: it rests", None if used < SECONDS / 20 else f"{used:.2f} s of {SECONDS} s")
        lines = [line for line in log.read_text().splitlines() if "connection refused" in line]
        checks.expect("few descriptors: one line says so", None if len(lines) == 1 else repr(lines))
    finally:
        for caller in callers:
            caller.close()
    wait_until(lambda: clients.get_attrs(path) == "answered", "a place for another caller")
    checks.expect("few descriptors: the next caller is served", None)


def is_served(caller):
    try:
        return caller.ping() == "pong"
    except (OSError, ValueError, KeyError):
        return False


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
