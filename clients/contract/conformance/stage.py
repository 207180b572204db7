"""The daemon's side of a transcript: a socket, its connections, and the requests that come by them."""

import array
import fcntl
import json
import os
import select
import socket
import termios
import time
from collections import deque

from .lines import LineSplitter

WRITE_PATIENCE = 120.0  # seconds for which a client may leave answers unread
PIECE_PATIENCE = 2.0  # seconds until a piece is read; a client that reads nothing gets the next piece all the same


class NoRequest(Exception):
    """A line from the client that is neither a request nor a notification of JSON-RPC 2.0."""


class Connection:
    """One connection of the client under test."""

    def __init__(self, connected, number, reading):
        self.socket = connected
        self.number = number
        self.reading = reading
        self.ended = False  # by the client
        self.closed = False  # by us
        self.lines = deque()
        self.splitter = LineSplitter()
        self.ids = set()
        connected.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        """Takes in what is there."""
        try:
            while not self.ended:
                chunk = self.socket.recv(1 << 18)
                self.ended = not chunk
                self.lines.extend(self.splitter.lines(chunk))
        except BlockingIOError:
            return
        except ConnectionResetError:  # the client closed without reading what we had sent
            self.ended = True
        self._take_last_line()

    def _take_last_line(self):
        """A last line without its end counts, if it is whole; a client that gives a connection up may cut one."""
        rest = b"".join(self.splitter.rest)
        try:
            json.loads(rest)
        except ValueError:
            return
        self.lines.append(rest)

    def write(self, data, tick):
        """Sends all of it; `tick` is called while the client does not read. False if the client has closed."""
        view = memoryview(data)
        progress = time.monotonic()
        while view:
            try:
                view = view[self.socket.send(view) :]
                progress = time.monotonic()
            except BlockingIOError:
                if time.monotonic() - progress > WRITE_PATIENCE:
                    raise NoRequest(f"the client has read nothing for {WRITE_PATIENCE:.0f} s") from None
                tick()
            except (BrokenPipeError, ConnectionResetError):
                return False
        return True

    def wait_until_read(self, tick):
        """Returns when the client has read everything, or after PIECE_PATIENCE."""
        unread = array.array("i", [0])
        end = time.monotonic() + PIECE_PATIENCE
        while time.monotonic() < end:
            fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, unread)
            if unread[0] == 0:
                return
            tick(0.0005)

    def refuse_data(self):
        """Lets the client's writes fail (EPIPE), though it can still read, and meets no end."""
        self.read()
        self.reading = False
        self.socket.shutdown(socket.SHUT_RD)

    def is_given_up(self):
        """Whether the client has closed, which is known without reading."""
        poll = select.poll()
        poll.register(self.socket, 0)  # a hang-up is always reported
        return bool(poll.poll(0))

    def close(self):
        self.closed = True
        self.socket.close()

    def reset(self, deadline):
        """Closes with something of the client's left unread, which the client sees as ECONNRESET."""
        readable, _, _ = select.select([self.socket], [], [], max(0, deadline - time.monotonic()))
        if not readable:
            raise NoRequest("nothing came that could be left unread")
        self.close()

    def request(self, line):
        """A line as (method, params, id); the id is None for a notification."""
        message = _message(line)
        if "id" not in message:
            return message["method"], message.get("params"), None
        number = message["id"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise NoRequest(f"the id is no integer: {_short(line)}")
        if number in self.ids:
            raise NoRequest(f"the id {number} a second time on one connection: {_short(line)}")
        self.ids.add(number)
        return message["method"], message.get("params"), number


def _message(line):
    def unique(pairs):
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        message = json.loads(line.decode("utf-8"), object_pairs_hook=unique)
    except ValueError as error:
        raise NoRequest(f"no JSON ({error}): {_short(line)}") from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise NoRequest(f"no object with \"jsonrpc\":\"2.0\": {_short(line)}")
    if not isinstance(message.get("method"), str) or set(message) - {"jsonrpc", "method", "params", "id"}:
        raise NoRequest(f"no request: {_short(line)}")
    return message


def _short(line):
    return repr(line[:300])


class Stage:
    """The socket, in whatever state it is; new connections wait in `arrived`."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = None
        self.arrived = deque()
        self.connections = []
        self.fillers = []

    def listen(self, backlog=128):
        self.vanish()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(backlog)
        self.listener.setblocking(False)

    def refuse(self):
        """Nobody listens, but the file is there: ECONNREFUSED."""
        if self.listener is None:
            self.listen()
        self.listener.close()
        self.listener = None

    def vanish(self):
        """Neither listener nor file: ENOENT."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        if os.path.lexists(self.path):
            os.unlink(self.path)

    def forbid(self):
        """The client's user may not: EACCES."""
        if self.listener is None:
            self.listen()
        os.chmod(self.path, 0)

    def fill(self):
        """The queue of connections is full: EAGAIN, or waiting for those who connect with blocking."""
        self.listen(backlog=0)
        filler = socket.socket(socket.AF_UNIX)
        filler.connect(self.path)
        self.fillers.append(filler)

    def free(self):
        """Takes the connections out that filled the queue."""
        for filler in self.fillers:
            accepted, _ = self.listener.accept()
            accepted.close()
            filler.close()
        self.fillers = []
        self.listener.listen(128)

    def read(self, reading=True):
        """Takes in new connections and what has come on the others. `reading`: whether new ones are read."""
        while self.listener is not None and not self.fillers:
            try:
                connected, _ = self.listener.accept()
            except BlockingIOError:
                break
            connection = Connection(connected, len(self.connections) + 1, reading)
            self.connections.append(connection)
            self.arrived.append(connection)
        for connection in self.readers():
            connection.read()

    def readers(self):
        return [one for one in self.connections if one.reading and not one.closed and not one.ended]

    def descriptors(self):
        listening = [self.listener] if self.listener is not None and not self.fillers else []
        return [*listening, *self.readers()]

    def end(self):
        for connection in self.connections:
            if not connection.closed:
                connection.close()
        for filler in self.fillers:
            filler.close()
        self.vanish()
