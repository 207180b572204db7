"""One connection to the daemon: lines out, lines in, and never a wait."""

from __future__ import annotations

import errno
from fcntl import ioctl
from socket import AF_UNIX, MSG_NOSIGNAL, SHUT_WR, SOCK_STREAM, socket
from sys import byteorder
from termios import FIONREAD

from ._errors import ProtocolError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._request import Request

READ_SIZE = 65536
"""Bytes that are read at a time."""
MAX_ANSWER_BYTES = 256 << 20
"""The longest answer that is read."""


class LineSplitter:
    """Cuts what arrives in pieces into lines, looking at each byte once."""

    def __init__(self, limit: int = MAX_ANSWER_BYTES) -> None:
        self._limit = limit
        self._begun: list[bytes] = []
        self._size = 0

    def split(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends.

        :raises ProtocolError: if a line is longer than the limit.
        """
        lines = data.split(b"\n")
        self._size += len(lines[0])
        self._check()
        self._begun.append(lines[0])
        rest = lines.pop()
        if lines:
            lines[0] = b"".join(self._begun)
            self._begun = [rest]
            self._size = len(rest)
            self._check()
        return lines

    def _check(self) -> None:
        if self._size > self._limit:
            raise ProtocolError(f"an answer is longer than {self._limit} bytes")


def _connected(path: str) -> socket:
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


class Connection:
    """A connected socket, and the requests that are in flight on it by their ids."""

    __slots__ = ("answered", "fileno", "sent", "_lines", "_socket", "_unwritten")

    def __init__(self, path: str) -> None:
        """Connects.

        :raises UnreachableError: at once if it cannot be; EAGAIN means that the daemon is behind with accepting.
        """
        try:
            self._socket = _connected(path)
        except OSError as error:
            # Python itself finds that a path is too long, and has no number for it.
            raise UnreachableError(error.errno or errno.ENAMETOOLONG, error.strerror or str(error), path) from None
        self.fileno = self._socket.fileno()
        self.sent: dict[int, Request] = {}
        self.answered = False
        """Whether anything has been answered on it."""
        self._lines = LineSplitter()
        self._unwritten = bytearray()

    def write(self, line: bytes) -> bool:
        """Writes a line; False if some of it is left for `flush`."""
        if self._unwritten:
            self._unwritten += line
            return False
        written = self._send(line)
        if written < len(line):
            self._unwritten += memoryview(line)[written:]
        return not self._unwritten

    def flush(self) -> bool:
        """Goes on writing, once the socket takes more; False if something is left again."""
        written = self._send(self._unwritten)
        del self._unwritten[:written]
        return not self._unwritten

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data, MSG_NOSIGNAL)
        except BlockingIOError:
            return 0
        except OSError:
            self._end_output()
            return len(data)

    def _end_output(self) -> None:
        # The daemon may have said why before it hung up, so the end of the connection is left for `read` to find.
        try:
            self._socket.shutdown(SHUT_WR)
        except OSError:
            pass

    def arrived(self) -> int:
        """The number of bytes that `read` has not returned yet."""
        count = bytearray(4)
        ioctl(self.fileno, FIONREAD, count)
        return int.from_bytes(count, byteorder)

    def read(self) -> list[bytes] | None:
        """The lines that have arrived by now, or None at the connection's end. A line that has no end is not one.

        :raises ProtocolError: if a line is too long.
        """
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return self._lines.split(data) if data else None

    def close(self) -> None:
        self._socket.close()
