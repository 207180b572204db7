"""What the drivers of both clients have in common: how commands become arguments, and outcomes become lines."""

import errno
import json
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import imattr

FEATURES = ["concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop"]
KINDS = {
    imattr.ArgumentError: "argument",
    imattr.RefusedError: "refused",
    imattr.UnreachableError: "unreachable",
    imattr.LostError: "lost",
    imattr.DeadlineError: "deadline",
    imattr.ProtocolError: "protocol",
    imattr.CancelledError: "cancelled",
}
DATA = [
    *("source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName", "fetched"),
    *("failed", "callId", "clockSkewSeconds"),
]


def say(line):
    # One write, so that the lines of several threads stay whole.
    sys.stdout.write(json.dumps(_finite(line)) + "\n")
    sys.stdout.flush()


def _finite(value):
    """The value without the infinities that 1e400 is to Python, and that JSON has not."""
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_finite(element) for element in value]
    return None if value in (float("inf"), float("-inf")) else value


def times(command):
    """The arguments for those of `timeoutMs` and `maxAgeMs` that a command has."""
    names = {"timeoutMs": "timeout", "maxAgeMs": "max_age"}
    return {name: command[key] / 1000 for key, name in names.items() if key in command}


def stream_options(command):
    names = {"batch": "batch", "inFlight": "in_flight"}
    return {**times(command), **{name: command[key] for key, name in names.items() if key in command}}


class Accounts:
    """The accounts of a stream, counting how many were taken."""

    def __init__(self, command):
        self._command = command
        self.taken = 0

    def __iter__(self):
        command = self._command
        for account in command.get("accounts") or (f"{command['prefix']}{n}" for n in range(command.get("count", 0))):
            self.taken += 1
            yield account


def described_result(result):
    users = [{"To_Account": account, "Attrs": attrs} for account, attrs in result.user_attrs.items()]
    line = {"UserAttrs": users, "missing": result.missing}
    return {**line, "ErrorList": result.error_list} if result.error_list else line


def described_user(user):
    if user.attrs is not None:
        return {"user": {"To_Account": user.account, "Attrs": user.attrs}}
    line = {"To_Account": user.account, "ErrorCode": user.error_code, "ErrorInfo": user.error_info}
    return {"missing": {key: value for key, value in line.items() if value is not None}}


def described_error(error):
    line = {"kind": KINDS[type(error)]}
    if isinstance(error, imattr.RefusedError):
        data = {key: error.data[key] for key in DATA if key in error.data}
        return {**line, "code": error.code, "message": error.message, **data}
    if isinstance(error, imattr.UnreachableError):
        line.update(path=error.filename, errno=errno.errorcode[error.errno])
    return {**line, "message": str(error)}


def bare_loop(path, count):
    """Nanoseconds of as many pings by plain sockets."""
    line = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        begin = time.monotonic_ns()
        for _ in range(count):
            connection.sendall(line)
            connection.recv(65536)
        return time.monotonic_ns() - begin
