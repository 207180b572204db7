"""Callers: three one-shot ones as they are in the documentation, and one that keeps its connection."""

import json
import shlex
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .machine import as_user

EXAMPLE = '{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["abc"]}}'

PYTHON = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(sys.stdin.buffer.read())
    connection.shutdown(socket.SHUT_WR)
    for line in connection.makefile(encoding="utf-8", newline="\\n"):
        print(line, end="")
"""

# Each reads its request from standard input, closes its side, and prints what comes back.
ONE_SHOT = {
    "nc": "nc -U -N {socket}",
    "socat": "socat -t35 - UNIX-CONNECT:{socket}",
    "python": f"/usr/bin/python3 -c {shlex.quote(PYTHON)} {{socket}}",
}


def start_one_shot(client, path, user="root", request=EXAMPLE):
    """A shell that runs `printf '%s\\n' REQUEST | CLIENT` as a user."""
    connect = ONE_SHOT[client].replace("{socket}", shlex.quote(str(path)))
    line = f"printf '%s\\n' {shlex.quote(request)} | {connect}"
    return subprocess.Popen(
        [*as_user(user), "sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    """(standard output, standard error) of a started client."""
    try:
        return process.communicate(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def one_shot(client, path, user="root", request=EXAMPLE):
    return finish(start_one_shot(client, path, user, request))


def every_client(path, user="root"):
    """{client: (standard output, standard error)} of the three clients, run side by side."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(ONE_SHOT, pool.map(lambda client: one_shot(client, path, user), ONE_SHOT)))


def call(path, method, params=None, user="root"):
    """One request by a connection of its own; the answer as an object."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method} | ({} if params is None else {"params": params})
    output, complaint = one_shot("python", path, user, json.dumps(request))
    lines = output.splitlines()
    if len(lines) != 1:
        raise RuntimeError(f"{method} by {user}: {len(lines)} lines came back: {output!r} {complaint!r}")
    return json.loads(lines[0])


def get_attrs(path, user="root"):
    """`answered`, or the code of the error."""
    answer = call(path, "getAttrs", {"To_Account": ["abc"]}, user)
    return answer["error"]["code"] if "error" in answer else "answered"


class Connection:
    """A caller that stays connected."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile(encoding="utf-8", newline="\n")

    def ping(self):
        return self.ask("ping")["result"]

    def ask(self, method, params=None):
        """The answer as an object."""
        request = {"jsonrpc": "2.0", "id": "p", "method": method} | ({} if params is None else {"params": params})
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self.lines.readline())

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
