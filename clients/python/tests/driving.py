"""What the drivers of both clients have in common: how commands become arguments, and outcomes become lines."""

import errno
import json
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import imattr

FEATURES = ["concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop", "untyped"]
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
    """The arguments for those of `timeoutMs`, `maxAgeMs` and `partial` that a command has."""
    names = {"timeoutMs": "timeout", "maxAgeMs": "max_age", "partial": "partial"}
    return {name: _seconds(command[key]) for key, name in names.items() if key in command}


def _seconds(value):
    return value / 1000 if type(value) in (int, float) else value


def stream_options(command):
    names = {"batch": "batch", "inFlight": "in_flight"}
    return {**times(command), **{name: command[key] for key, name in names.items() if key in command}}


def accounts_of(command):
    """The accounts of a stream; what is no list, as it is."""
    wrong = "accounts" in command and not isinstance(command["accounts"], list)
    return command["accounts"] if wrong else Accounts(command)


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


def described_result(result, partial):
    users = [{"To_Account": account, "Attrs": attrs} for account, attrs in result.user_attrs.items()]
    line = {"UserAttrs": users, "missing": result.missing}
    if result.error_list:
        line["ErrorList"] = result.error_list
    return {**line, "failed": [described_failure(entry) for entry in result.failed]} if partial else line


def described_failure(failure):
    line = {"To_Account": failure.account, "code": failure.code, "message": failure.message}
    line.update(retryable=failure.retryable, ErrorInfo=failure.error_info, callId=failure.call_id)
    line["retryAfterMs"] = None if failure.retry_after is None else round(failure.retry_after * 1000)
    return {key: value for key, value in line.items() if value is not None}


def described_user(user):
    if user.attrs is not None:
        return {"user": {"To_Account": user.account, "Attrs": user.attrs}}
    if user.failure is not None:
        return {"failed": described_failure(user.failure)}
    line = {"To_Account": user.account, "ErrorCode": user.error_code, "ErrorInfo": user.error_info}
    return {"missing": {key: value for key, value in line.items() if value is not None}}


def described_error(error):
    line = {"kind": KINDS[type(error)]}
    if isinstance(error, (imattr.DeadlineError, imattr.RefusedError)) and error.code is not None:
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
