"""Waiting for sockets."""

from __future__ import annotations

from select import EPOLLIN, epoll
from socket import socketpair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket


class Poller:
    """Waits by an epoll: sockets can come and go while a thread waits. Other threads can end the wait by an alarm.

    It has file descriptors only once it is opened: a client that is never used, such as this package's own, has none.
    """

    def __init__(self) -> None:
        self._epoll: epoll | None = None
        self._alarm: tuple[socket, socket] | None = None

    def open(self) -> epoll:
        """Makes it ready for use, if it is not."""
        if self._epoll is None:
            self._epoll = epoll()
        return self._epoll

    def register(self, fd: int, eventmask: int) -> None:
        self.open().register(fd, eventmask)

    def modify(self, fd: int, eventmask: int) -> None:
        self.open().modify(fd, eventmask)

    def unregister(self, fd: int) -> None:
        self.open().unregister(fd)

    def wait(self, seconds: float) -> list[tuple[int, int]]:
        """The sockets that are ready, with what they are ready for; none when the time is over or the alarm was rung.

        For one thread at a time: another would take the alarm from the one that it is meant for.
        """
        events = self.open().poll(seconds)
        if not events or self._alarm is None:
            return events
        bell = self._alarm[0]
        if any(fd == bell.fileno() for fd, _ in events):
            bell.recv(64)
        return [event for event in events if event[0] != bell.fileno()]

    def ring(self) -> None:
        """Ends the wait of another thread, or its next one."""
        if self._alarm is None:
            self._alarm = socketpair()
            self.register(self._alarm[0].fileno(), EPOLLIN)
        self._alarm[1].send(b"!")

    def close(self) -> None:
        """Closes what is its own; the sockets are not."""
        for part in (self._epoll, *(self._alarm or ())):
            if part is not None:
                part.close()
