"""What half lines need is returned to the system when their connections end."""

import subprocess

from . import clients
from .machine import wait_until
from .upstream import write_configuration

LARGE_LINE, LARGE_LINES = 4 << 20, 6
SMALL_LINE, SMALL_LINES = 60_000, 1000


def is_returned(checks, upstream, folder):
    configuration = write_configuration(folder / "memory.yaml", secretKeyFile=str(upstream.secret_file), **upstream.keys)
    path, log = folder / "memory.sock", folder / "memory.log"
    with log.open("w") as standard_error:
        daemon = subprocess.Popen(
            ["imattrd", "--socket", str(path), "--config", str(configuration)], stderr=standard_error
        )
    try:
        wait_until(path.exists, "the socket of imattrd")
        checks.equal("memory: the daemon answers", clients.get_attrs(path), "answered")
        before = resident(daemon)
        callers = hold_half_lines(daemon, path, LARGE_LINE - 1, LARGE_LINES)
        for caller in callers:
            caller.close()
        wait_until(lambda: resident(daemon) < before + LARGE_LINE, "the memory of large half lines to be returned")
        checks.expect("memory: that of half lines is returned when their connections end", None)
        # The last one keeps the allocator from returning what is free below it.
        *callers, last = hold_half_lines(daemon, path, SMALL_LINE, SMALL_LINES)
        for caller in callers:
            caller.close()
        wait_until(lambda: resident(daemon) < before + LARGE_LINE, "the memory of small half lines to be returned", 60)
        checks.expect("memory: that of small half lines is returned within a minute", None)
        last.close()
    finally:
        daemon.kill()
        daemon.wait()


def hold_half_lines(daemon, path, size, count):
    before = resident(daemon)
    callers = [clients.Connection(path) for _ in range(count)]
    for caller in callers:
        caller.socket.sendall(b"x" * size)
    wait_until(lambda: resident(daemon) > before + count * size // 2, "half lines in the daemon's memory")
    return callers


def resident(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
