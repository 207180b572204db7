"""The daemon is restarted, killed and stopped in mid-work, and callers notice nothing."""

import os
import signal
from pathlib import Path

from system_tests.machine import show, systemctl, wait_until
from system_tests.units import CONFIGURATION, SERVICE, SOCKET_UNIT
from system_tests.upstream import write_configuration

from .load import Load

DROP_IN = Path(f"/run/systemd/system/{SERVICE}.d/watchdog.conf")
RESTARTS = 100
KILLS = 6


def main_pid():
    return int(show(SERVICE, "MainPID"))


def replaced(pid):
    """Waits until another process serves in the place of this one."""
    ready = f"another process than {pid}"
    wait_until(lambda: main_pid() not in (0, pid) and show(SERVICE, "ActiveState") == "active", ready)


def watchdog(checks, upstream):
    DROP_IN.parent.mkdir(parents=True)
    DROP_IN.write_text("[Service]\nWatchdogSec=2\n")
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    with Load("asks", "asks", "connects") as load:
        pid = main_pid()
        os.kill(pid, signal.SIGSTOP)
        replaced(pid)
    load.expect_nothing_lost(checks, "a watchdog's kill")
    checks.equal("the socket unit has not failed", show(SOCKET_UNIT, "ActiveState"), "active")
    DROP_IN.unlink()
    DROP_IN.parent.rmdir()
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    checks.equal("the shipped unit's watchdog is back", show(SERVICE, "WatchdogUSec"), "30s")
    upstream.expect_limit_kept(checks, "a watchdog's kill")


def kills(checks, upstream):
    """kill -9, with more asked than the limit lets through: the next process knows what the last one has sent."""
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    with Load("streams", "asks") as load:
        for _ in range(KILLS):
            calls = upstream.report()["calls"] + 2 * upstream.rate_limit
            wait_until(lambda: upstream.report()["calls"] > calls, "two seconds' calls")
            pid = main_pid()
            os.kill(pid, signal.SIGKILL)
            replaced(pid)
    load.expect_nothing_lost(checks, f"{KILLS} times kill -9")
    upstream.expect_limit_kept(checks, f"{KILLS} times kill -9", least=upstream.rate_limit * 4 // 5)


def restarts(checks, upstream):
    """One after the other; every tenth is a kill -9, every tenth a stop, after which the next caller starts it."""
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    before = upstream.report()["calls"]
    with Load("asks", "asks", "asks", "connects") as load:
        for number in range(RESTARTS):
            pid = main_pid()
            if number % 10 == 9:
                os.kill(pid, signal.SIGKILL)
            else:
                systemctl("stop" if number % 10 == 4 else "restart", SERVICE)
            replaced(pid)
    load.expect_nothing_lost(checks, f"{RESTARTS} restarts")
    checks.equal("the socket unit has not failed", show(SOCKET_UNIT, "ActiveState"), "active")
    calls = upstream.report()["calls"] - before
    checks.expect("each process has made a call or more", None if calls >= RESTARTS else f"{calls} calls")
    upstream.expect_limit_kept(checks, f"{RESTARTS} restarts")
