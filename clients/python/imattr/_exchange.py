"""What both clients have in common: requests go out, answers come in, and what a lost connection took is repeated.

Nothing here waits or looks at a clock. The driver of an exchange waits for it: until a socket that it has registered
with the poller is ready, or until `next_tick`.
"""

from __future__ import annotations

import errno
from os import urandom
from select import EPOLLIN, EPOLLOUT

from ._arguments import socket_path
from ._connection import READ_SIZE, Connection
from ._errors import CancelledError, DeadlineError, Error, LostError, ProtocolError, UnreachableError
from ._messages import SHUTTING_DOWN, Answer, cancellation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ._errors import RefusedError
    from ._request import Request

    class Poller(Protocol):
        """Who notices that sockets are ready. What for, is told in the bits of `select.epoll`."""

        def register(self, fd: int, eventmask: int) -> None: ...
        def modify(self, fd: int, eventmask: int) -> None: ...
        def unregister(self, fd: int) -> None: ...


GRACE = 1.0
"""Seconds that a request waits beyond its deadline, since the daemon's own word about it is the better one."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""Seconds between attempts to connect again. They double each time, and a random part comes on top."""
NEGLIGIBLE = 0.1
"""Seconds in which nobody looked for answers, that need not be made up for."""
NEVER = float("inf")

_MAY_PASS = (errno.ENOENT, errno.ECONNREFUSED)


class Exchange:
    """The requests of one client, and the connections that carry them.

    There is one connection, but for a daemon that shuts down: then it answers on the old one what it still can, and
    all else goes over a new one. `now` is always the driver's clock, in seconds.
    """

    def __init__(self, path: str | None, poller: Poller) -> None:
        self._path = path
        self._poller = poller
        self._connections: dict[int, Connection] = {}
        self._current: Connection | None = None
        self._latest_number = 0
        self._unsent: dict[Request, None] = {}
        self._has_connected = False
        self._failures = 0  # To connect, or to be answered on a connection, in a row.
        self._connect_at = 0.0
        self.is_closed = False
        self.next_tick = NEVER
        """When to call `tick`. It may be too early, and is never too late."""

    # Requests

    def start(self, request: Request, now: float) -> None:
        """Sends a request as soon as it can be."""
        if self.is_closed:
            return self._fail(request, CancelledError("the client is closed"))
        if now >= request.deadline:
            return self._fail(request, DeadlineError("the time of the call was over before all was asked"))
        if self._current is not None and not self._current.sent:
            # What came while nothing was in flight, such as the end of the connection, is no answer to this request.
            self._read(self._current, now)
        self._unsent[request] = None
        self._send_what_is_due(now)
        self._expect(request)

    def withdraw(self, request: Request, error: Error) -> None:
        """Gives a request up with that error, unless it has its outcome."""
        connection = request.connection
        if connection is not None:
            del connection.sent[request.number]
            self._write(connection, cancellation(request.number))
            self._let_go(connection)
        elif self._unsent.pop(request, self) is self:
            return
        self._fail(request, error)

    def close(self, reason: str) -> None:
        """Ends all requests, and refuses new ones."""
        for connection in self._connections.values():
            self._poller.unregister(connection.fileno)
        self.forget(reason)

    def forget(self, reason: str) -> None:
        """Closes, in a forked process: there the poller is still that of the parent, too, and is left alone."""
        self.is_closed = True
        requests = self._all_requests()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._current = None
        self._unsent.clear()
        for request in requests:
            self._fail(request, CancelledError(reason))

    def _all_requests(self) -> list[Request]:
        sent = [request for connection in self._connections.values() for request in connection.sent.values()]
        return sent + list(self._unsent)

    def _fail(self, request: Request, error: Error) -> None:
        request.error = error
        self._settle(request)

    def _settle(self, request: Request) -> None:
        request.connection = None
        request.caller.settled(request)

    # Time

    def tick(self, now: float) -> None:
        """Does what is due: gives up what is late, connects again."""
        if now < self.next_tick:
            return
        self._read_before_giving_up(now)
        for request in self._all_requests():
            self._give_up_if_late(request, now)
        self._send_what_is_due(now)
        self.next_tick = NEVER
        for request in self._all_requests():
            self._expect(request)

    def put_off(self, seconds: float) -> None:
        """Gives all requests that much more time."""
        for request in self._all_requests():
            request.deadline += seconds

    def _read_before_giving_up(self, now: float) -> None:
        """Takes in all that has arrived where a request is late: this process may not have run when it came."""
        for connection in list(self._connections.values()):
            left = connection.arrived() if self._has_late_request(connection, now) else 0
            while left > 0 and self._connections.get(connection.fileno) is connection:
                left -= READ_SIZE
                self._read(connection, now)

    def _has_late_request(self, connection: Connection, now: float) -> bool:
        return any(now >= request.deadline + GRACE for request in connection.sent.values())

    def _give_up_if_late(self, request: Request, now: float) -> None:
        if request.connection is None:
            if now >= request.deadline:
                self.withdraw(request, LostError(f"the daemon at {self._path!r} did not come back in time"))
        elif now >= request.deadline + GRACE:
            self.withdraw(request, DeadlineError(f"the daemon at {self._path!r} did not answer in time"))

    def _expect(self, request: Request) -> None:
        if request.connection is not None:
            due = request.deadline + GRACE
        elif self._current is not None:
            due = min(request.deadline, request.not_before)
        else:
            due = min(request.deadline, max(request.not_before, self._connect_at))
        self.next_tick = min(self.next_tick, due)

    # Connecting and sending

    def _send_what_is_due(self, now: float) -> None:
        due = [request for request in self._unsent if request.not_before <= now]
        if due and self._current is None and self._connect_at <= now:
            self._connect(now)
        if self._current is not None:
            for request in due:
                self._send(request, self._current, now)

    def _send(self, request: Request, connection: Connection, now: float) -> None:
        del self._unsent[request]
        self._latest_number += 1
        request.number = self._latest_number
        request.connection = connection
        connection.sent[request.number] = request
        self._write(connection, request.line(request.number, now))

    def _write(self, connection: Connection, line: bytes) -> None:
        if not connection.write(line):
            self._poller.modify(connection.fileno, EPOLLIN | EPOLLOUT)

    def _connect(self, now: float) -> None:
        self._path = socket_path(self._path)
        try:
            connection = Connection(self._path)
        except UnreachableError as error:
            if error.errno == errno.EAGAIN or (self._has_connected and error.errno in _MAY_PASS):
                return self._postpone_connecting(now)
            for request in list(self._unsent):
                self.withdraw(request, UnreachableError(*error.args, error.filename))
            return
        self._has_connected = True
        self._current = connection
        self._connections[connection.fileno] = connection
        self._poller.register(connection.fileno, EPOLLIN)

    def _postpone_connecting(self, now: float) -> None:
        pause = min(FIRST_PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)
        # A random part, so that the clients that a daemon has lost do not all come back at once.
        self._connect_at = now + pause * (1 + urandom(1)[0] / 512)
        self._failures += 1

    # Answers

    def ready(self, fd: int, events: int, now: float) -> None:
        """Does what a socket is ready for."""
        connection = self._connections.get(fd)
        if connection is None:  # It was dropped after it had been found ready.
            return
        if events & EPOLLOUT and connection.flush():
            self._poller.modify(fd, EPOLLIN)
        if events & ~EPOLLOUT:
            self._read(connection, now)

    def _read(self, connection: Connection, now: float) -> None:
        try:
            lines = connection.read()
            if lines is None:
                return self._end(connection, now)
            for line in lines:
                if not line or line.isspace():
                    continue
                self._take(connection, Answer(line), now)
                if self._connections.get(connection.fileno) is not connection:
                    return
        except ProtocolError as error:
            for request in self._drop(connection):
                self._fail(request, ProtocolError(*error.args))

    def _take(self, connection: Connection, answer: Answer, now: float) -> None:
        connection.answered = True
        self._failures = 0
        if answer.number is None:
            for each in self._drop(connection):
                self._fail(each, answer.refusal())
            return
        request = connection.sent.get(answer.number) if type(answer.number) is int else None
        if request is None:  # It was withdrawn.
            return
        if answer.error is None:
            request.value = request.read(answer.result)
        elif answer.error["code"] == SHUTTING_DOWN:
            self._repeat_later(request, connection, answer.refusal(), now)
            return self._let_go(connection)
        else:
            request.error = answer.refusal()
        del connection.sent[request.number]
        self._settle(request)
        self._let_go(connection)

    def _repeat_later(
        self, request: Request, connection: Connection, refusal: DeadlineError | RefusedError, now: float
    ) -> None:
        """The daemon shuts down: nothing more is sent to it, and this request goes to the next one."""
        request.not_before = now + max(refusal.retry_after or 0, FIRST_PAUSE)
        del connection.sent[request.number]
        self._put_back(request)
        if connection is self._current:
            self._current = None
        self._expect(request)

    # The end of a connection

    def _end(self, connection: Connection, now: float) -> None:
        if not connection.answered:
            self._postpone_connecting(now)
        for request in self._drop(connection):
            self._put_back(request)
        self.next_tick = now
        self.tick(now)

    def break_off(self) -> None:
        """Drops all connections, because Ctrl-C or its like interrupted what was done with them.

        Half a line may have been written, or an answer been read that nobody has got. What was in flight is repeated at
        the next tick.
        """
        for connection in list(self._connections.values()):
            for request in self._drop(connection):
                self._put_back(request)
        self.next_tick = 0.0

    def _put_back(self, request: Request) -> None:
        request.connection = None
        self._unsent[request] = None

    def _let_go(self, connection: Connection) -> None:
        """Drops a connection that the daemon is leaving once all that it will answer there is answered."""
        if connection is not self._current and not connection.sent:
            self._drop(connection)

    def _drop(self, connection: Connection) -> list[Request]:
        """Closes a connection, and returns what was in flight on it."""
        if connection is self._current:
            self._current = None
        del self._connections[connection.fileno]
        self._poller.unregister(connection.fileno)
        connection.close()
        requests = list(connection.sent.values())
        connection.sent.clear()
        return requests
