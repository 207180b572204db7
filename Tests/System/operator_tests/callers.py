"""One-shot callers, by nothing but Python: the tree has no nc."""

import json
import subprocess

from system_tests import clients
from system_tests.machine import as_user, run
from system_tests.units import SOCKET


def call(method, params=None, user="root", path=SOCKET):
    """One request by a connection of its own; the answer as an object."""
    return finish(start(method, params, user, path))


def start(method, params=None, user="root", path=SOCKET):
    request = {"jsonrpc": "2.0", "id": 1, "method": method} | ({} if params is None else {"params": params})
    return clients.start_one_shot("python", path, user, json.dumps(request))


def finish(process):
    output, complaint = clients.finish(process)
    lines = output.splitlines()
    if len(lines) != 1:
        raise RuntimeError(f"{len(lines)} lines came back: {output!r} {complaint!r}")
    return json.loads(lines[0])


def start_get_attrs(user="root", path=SOCKET):
    return start("getAttrs", {"To_Account": ["abc"]}, user, path)


def outcome(process):
    """`answered`, or the code of the error."""
    answer = finish(process)
    return answer["error"]["code"] if "error" in answer else "answered"


def get_attrs(user="root", path=SOCKET):
    return outcome(start_get_attrs(user, path))


def imattr(user, *arguments):
    """The command-line client."""
    return run(*as_user(user), "imattr", *arguments, stdin=subprocess.DEVNULL)


def status():
    """What getStatus says."""
    return call("getStatus")["result"]
