"""What large lines need is returned to the system when their connections end."""

import subprocess

from . import clients
from .machine import wait_until
from .upstream import write_configuration

LINE = 4 << 20
CONNECTIONS = 6


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
        callers = [clients.Connection(path) for _ in range(CONNECTIONS)]
        for caller in callers:
            caller.socket.sendall(b"x" * (LINE - 1))
        wait_until(lambda: resident(daemon) > before + CONNECTIONS * LINE // 2, "half lines in the daemon's memory")
        for caller in callers:
            caller.close()
        wait_until(lambda: resident(daemon) < before + LINE, "the memory of half lines to be returned")
        checks.expect("memory: that of half lines is returned when their connections end", None)
    finally:
        daemon.kill()
        daemon.wait()


def resident(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
