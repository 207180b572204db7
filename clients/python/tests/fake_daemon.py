"""A daemon in the test's own hands: the test accepts, reads and answers, step by step."""

import json
import os
import shutil
import socket
import tempfile
import threading

PATIENCE = 20  # seconds; only a test that fails waits that long


class FakeDaemon:
    """Listens on a socket in a temporary folder."""

    def __init__(self, backlog=128):
        self.folder = tempfile.mkdtemp(prefix="imattr-python-")
        self.path = os.path.join(self.folder, "imattrd.sock")
        self.backlog = backlog
        self.listener = None
        self.connections = []
        self.start()

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(PATIENCE)
        self.listener.bind(self.path)
        self.listener.listen(self.backlog)

    def stop(self):
        """Stops listening; the connections stay."""
        self.listener.close()
        os.unlink(self.path)

    def accept(self):
        connection = FakeConnection(self.listener.accept()[0])
        self.connections.append(connection)
        return connection

    def has_caller(self):
        """Whether somebody has connected and is not accepted yet."""
        self.listener.setblocking(False)
        try:
            self.accept()
        except BlockingIOError:
            return False
        finally:
            self.listener.settimeout(PATIENCE)
        return True

    def serve(self, answer):
        """Answers all requests of all connections from threads: `answer(request)` gives the result, or raises a Refusal."""
        threading.Thread(target=self._serve, args=(answer,), daemon=True).start()

    def _serve(self, answer):
        while True:
            try:
                connection = self.accept()
            except OSError:
                return
            threading.Thread(target=connection.serve, args=(answer,), daemon=True).start()

    def close(self):
        for connection in self.connections:
            connection.close()
        self.listener.close()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Refusal(Exception):
    """What an answer is instead of a result."""

    def __init__(self, code, message, data):
        self.code, self.message, self.data = code, message, data


class FakeConnection:
    """The daemon's end of a connection."""

    def __init__(self, accepted):
        self.socket = accepted
        self.socket.settimeout(PATIENCE)
        self.lines = accepted.makefile("rb")

    def request(self):
        """The next line, as an object; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def requests(self, count):
        return [self.request() for _ in range(count)]

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, request, result):
        self.send(line({"jsonrpc": "2.0", "id": request["id"], "result": result}))

    def refuse(self, request, code, message="no", **data):
        number = None if request is None else request["id"]
        self.send(line({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, "data": data}}))

    def serve(self, answer):
        try:
            while request := self.request():
                if "id" in request:
                    try:
                        self.answer(request, answer(request))
                    except Refusal as refusal:
                        self.refuse(request, refusal.code, refusal.message, **refusal.data)
        except (OSError, ValueError):  # The test is over.
            pass

    def close(self):
        self.lines.close()
        self.socket.close()


def line(value):
    return json.dumps(value).encode() + b"\n"


def echo(request):
    """The result that the sandbox gives with `--unknown echo`."""
    if request["method"] == "ping":
        return "pong"
    return users(request["params"]["To_Account"])


def users(accounts):
    return {"UserAttrs": [{"To_Account": a, "Attrs": {"account": a}} for a in dict.fromkeys(accounts)], "missing": []}
