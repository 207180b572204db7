"""Drives an exchange from any number of threads, without one of its own: of those that wait, one reads for all."""

from __future__ import annotations

import os
from _thread import allocate_lock
from functools import partial
from time import monotonic

from ._call import Call
from ._errors import CancelledError
from ._exchange import NEGLIGIBLE, NEVER, Exchange
from ._mutex import Mutex
from ._poller import Poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType

    from ._cancellation import Cancellation
    from ._request import Request


class ThreadedExchange:
    """An exchange for threads.

    A thread that waits for an answer becomes the leader if there is none: it waits for the sockets, and takes in
    whatever comes for whomever. The others sleep until their own answer is there, or until they are to lead, because
    the leader has got its own and leaves. So a single thread has nobody to hand anything over to.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._start_anew()

    def _start_anew(self) -> None:
        self._process = os.getpid()
        self._mutex = Mutex()
        self._poller = Poller()
        self._exchange = Exchange(self._path, self._poller)
        self._leader: ThreadCall | None = None
        self._leader_waits = False
        self._unattended_since = monotonic()
        self._sleepers: dict[ThreadCall, LockType] = {}

    # Calls

    def start(self, call: ThreadCall, request: Request) -> None:
        """Sends a request of a call."""
        self._leave_parent()
        try:
            with self._mutex.lock:
                call.check_cancellation()
                self._poller.open()
                self._make_up()
                call.pending.add(request)
                self._send(request)
        finally:
            self._mutex.catch_up()

    def _send(self, request: Request) -> None:
        try:
            self._exchange.start(request, monotonic())
        except BaseException:
            self._exchange.break_off()
            raise

    def wait(self, call: ThreadCall) -> None:
        """Waits until a request of the call has its outcome."""
        self._leave_parent()
        try:
            with self._mutex.lock:
                try:
                    while not call.settled_requests:
                        if self._leader is None:
                            self._lead(call)
                        else:
                            self._sleep(call)
                finally:
                    if self._leader is None and self._sleepers:
                        self.wake(next(iter(self._sleepers)))
        finally:
            self._mutex.catch_up()

    def look(self) -> None:
        """Takes in what has arrived, without waiting."""
        self._leave_parent()
        try:
            with self._mutex.lock:
                if self._leader is None:
                    self._make_up()
                    self._take_in(self._poller.wait(0))
        finally:
            self._mutex.catch_up()

    def withdraw(self, call: ThreadCall) -> None:
        """Gives up what is pending of a call; for finalizers and signal handlers, too."""
        self._leave_parent()
        self._mutex.soon(partial(self._withdraw, call))

    def _withdraw(self, call: ThreadCall) -> None:
        for request in list(call.pending):
            self._exchange.withdraw(request, CancelledError("the call was given up"))

    def close(self) -> None:
        """Ends all calls; for finalizers and signal handlers, too."""
        self._leave_parent()
        self._mutex.soon(self._close)

    def _close(self) -> None:
        self._exchange.close("the client was closed")
        if self._leader is None:
            self._poller.close()

    # Leading and sleeping, with the lock held but while waiting

    def _lead(self, call: ThreadCall) -> None:
        self._make_up()
        self._leader = call
        try:
            while not call.settled_requests:
                self._take_in(self._wait_for_sockets())
        finally:
            self._leader = None
            self._unattended_since = monotonic()
            if self._exchange.is_closed:
                self._poller.close()

    def _make_up(self) -> None:
        """Puts deadlines off by the time in which no thread has looked for answers: they may be there all the same."""
        if self._leader is None:
            now = monotonic()
            if now - self._unattended_since > NEGLIGIBLE:
                self._exchange.put_off(now - self._unattended_since)
            self._unattended_since = now

    def _wait_for_sockets(self) -> list[tuple[int, int]]:
        seconds = self._seconds_to_tick()
        self._leader_waits = True
        try:
            self._mutex.lock.release()
            self._mutex.catch_up()
            return self._poller.wait(seconds)
        finally:
            self._mutex.lock.acquire()
            self._leader_waits = False

    def _take_in(self, events: list[tuple[int, int]]) -> None:
        now = monotonic()
        try:
            for fd, mask in events:
                self._exchange.ready(fd, mask, now)
            self._exchange.tick(now)
        except BaseException:
            self._exchange.break_off()
            raise

    def _sleep(self, call: ThreadCall) -> None:
        self._sleepers[call] = sleeper = allocate_lock()
        sleeper.acquire()
        seconds = self._seconds_to_tick()
        try:
            self._mutex.lock.release()
            self._mutex.catch_up()
            sleeper.acquire(True, seconds)
        finally:
            self._mutex.lock.acquire()
            self._sleepers.pop(call, None)
        self._take_in([])

    def wake(self, call: ThreadCall) -> None:
        """Makes the thread of a call look whether it has an outcome, or is to lead."""
        if call is self._leader:
            if self._leader_waits:
                self._leader_waits = False
                self._poller.ring()
        elif call in self._sleepers:
            self._sleepers.pop(call).release()

    def _seconds_to_tick(self) -> float:
        tick = self._exchange.next_tick
        return -1 if tick == NEVER else max(0.0, tick - monotonic())

    # Forks

    def _leave_parent(self) -> None:
        """In a forked process, begins afresh: on a shared connection each would read answers to the other."""
        if self._process == os.getpid():
            return
        exchange, poller = self._exchange, self._poller
        self._start_anew()
        exchange.forget("the call belongs to the process that this one was forked from")
        poller.close()


class ThreadCall(Call):
    """What one thread waits for. Leaving it (`with`) withdraws what is pending."""

    __slots__ = ("_cancellation", "_exchange")

    def __init__(self, exchange: ThreadedExchange, cancellation: Cancellation | None) -> None:
        super().__init__()
        self._exchange = exchange
        self._cancellation = cancellation

    def __enter__(self) -> ThreadCall:
        if self._cancellation is not None:
            self._cancellation._calls.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._cancellation is not None:
            self._cancellation._calls.discard(self)
        if self.pending:
            self.cancel()

    def start(self, request: Request) -> None:
        """Sends a request.

        :raises CancelledError: if the call has been cancelled.
        """
        self._exchange.start(self, request)
        self.outstanding += 1

    def next(self) -> Request:
        """Waits for the next outcome, in whatever order they come.

        :raises Error: if the request failed.
        """
        if not self.settled_requests:
            self._exchange.wait(self)
        return self.take()

    def has_answer(self) -> bool:
        """Whether `next` need not wait."""
        if self.outstanding and not self.settled_requests:
            self._exchange.look()
        return bool(self.settled_requests)

    def settled(self, request: Request) -> None:
        super().settled(request)
        self._exchange.wake(self)

    def cancel(self) -> None:
        """Withdraws what is pending."""
        self._exchange.withdraw(self)

    def check_cancellation(self) -> None:
        if self._cancellation is not None and self._cancellation.is_cancelled:
            raise CancelledError("the call was given up")
