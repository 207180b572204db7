"""Callers whose requests have come, but are not read, or who are not even accepted, when imattrd --socket is told to stop."""

import json
import signal
import socket
import subprocess

from . import clients
from .machine import wait_until
from .upstream import write_configuration

CALLERS = 50
REQUEST = clients.EXAMPLE.encode() + b"\n"


def loses_no_request(checks, upstream, folder):
    configuration = write_configuration(
        folder / "stopping.yaml", secretKeyFile=str(upstream.secret_file), **upstream.keys
    )
    path = folder / "stopping.sock"
    with (folder / "stopping.log").open("w") as log:
        daemon = subprocess.Popen(["imattrd", "--socket", str(path), "--config", str(configuration)], stderr=log)
    try:
        wait_until(path.exists, "the socket of imattrd")
        callers = [connected(path) for _ in range(CALLERS)]
        for caller in callers:
            caller.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
            caller.recv(4096)
        # What comes now waits in the kernel.
        daemon.send_signal(signal.SIGSTOP)
        callers += [connected(path) for _ in range(CALLERS)]
        for caller in callers:
            caller.sendall(REQUEST)
        daemon.terminate()
        daemon.send_signal(signal.SIGCONT)
        ends = [answer(caller) for caller in callers]
        odd = [end for end in ends if end not in ("answered", -32004)]
        checks.equal("stopping: every request that was sent before is answered", odd, [])
        checks.equal("stopping: the daemon ends with 0", daemon.wait(30), 0)
    finally:
        daemon.kill()
        daemon.wait()


def connected(path):
    caller = socket.socket(socket.AF_UNIX)
    caller.settimeout(30)
    caller.connect(str(path))
    return caller


def answer(caller):
    """`answered`, the code of an error, or what became of the connection."""
    try:
        lines = b""
        while part := caller.recv(65536):
            lines += part
        end = json.loads(lines)
        return end["error"]["code"] if "error" in end else "answered"
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        caller.close()
