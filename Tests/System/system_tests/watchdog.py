"""A daemon that makes no progress is killed and started again, and a caller that repeats its request loses nothing."""

import os
import signal
from pathlib import Path

from . import clients
from .machine import show, systemctl, wait_until
from .units import CONFIGURATION, SERVICE, SOCKET, SOCKET_UNIT
from .upstream import write_configuration

DROP_IN = Path(f"/run/systemd/system/{SERVICE}.d/watchdog.conf")


def ends_a_standstill(checks, upstream):
    write_configuration(CONFIGURATION, **upstream.keys)
    checks.equal("the shipped unit has a watchdog", show(SERVICE, "WatchdogUSec"), "30s")
    DROP_IN.parent.mkdir(parents=True)
    DROP_IN.write_text("[Service]\nWatchdogSec=1\nRestartSec=0\n")
    systemctl("daemon-reload")
    try:
        systemctl("restart", SERVICE)
        clients.get_attrs(SOCKET)
        stands_still(checks)
    finally:
        DROP_IN.unlink()
        DROP_IN.parent.rmdir()
        systemctl("daemon-reload")
        systemctl("restart", SERVICE)


def stands_still(checks):
    pid = int(show(SERVICE, "MainPID"))
    waiting = clients.Connection(SOCKET)
    waiting.ping()  # accepted by this process, no longer in the socket's backlog
    os.kill(pid, signal.SIGSTOP)
    late = clients.start_one_shot("nc", SOCKET)
    wait_until(lambda: show(SERVICE, "MainPID") not in ("0", str(pid)), "a new process after the watchdog")
    output, _ = clients.finish(late)
    # Accepted by the stopped process or by the new one: the first meets an end-of-file, and repeats.
    answered = '"result"' in output or clients.get_attrs(SOCKET) == "answered"
    checks.expect("a caller that repeats is answered", None if answered else repr(output))
    checks.expect("who was connected meets an end-of-file", ended(waiting))
    checks.equal("the socket unit has not failed", show(SOCKET_UNIT, "ActiveState"), "active")
    pid = show(SERVICE, "MainPID")
    wait_until(lambda: int(show(SERVICE, "WatchdogTimestampMonotonic")) > 0, "a sign of life")
    checks.equal("a working daemon stays", show(SERVICE, "MainPID"), pid)


def ended(connection):
    with connection:
        try:
            return f"an answer: {connection.ping()!r}"
        except (OSError, ValueError):
            return None
