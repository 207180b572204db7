"""The client for asyncio."""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from collections.abc import AsyncIterable
from os import getpid
from select import EPOLLIN, EPOLLOUT

from ._arguments import (
    BATCH,
    DEFAULT_TIMEOUT,
    IN_FLIGHT,
    async_batches,
    batches,
    check_accounts,
    check_partial,
    check_stream,
    check_timeout,
    distinct,
    given_path,
    max_age_milliseconds,
)
from ._call import Call
from ._errors import CancelledError
from ._exchange import NEGLIGIBLE, NEVER, Exchange
from ._methods import AnyMethod, GetAttrs, GetStatus, Ping
from ._results import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, TimerHandle
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
    from os import PathLike
    from typing import Any

    from ._request import Request
    from ._results import GetAttrsResult, User
    from .status import Status

__all__ = ["AsyncClient"]


class AsyncClient:
    """Asks imattrd; `imattr.Client` for tasks instead of threads.

    Any number of tasks of one event loop may call at once. Cancelling a task withdraws its call. A forked process, with an
    event loop of its own, gets a connection of its own.

        async with AsyncClient() as client:
            async for user in client.stream(accounts):
                print(user.account, user.attrs)
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        """`path` is the daemon's socket; unless given, that of IMATTRD_SOCKET, or else /run/imattrd/imattrd.sock."""
        self._path = given_path(path)
        self._exchange: AsyncExchange | None = None
        self._process = 0
        self._is_closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connection. Calls in flight, and later ones, raise `imattr.CancelledError`."""
        self._is_closed = True
        if self._exchange is None:
            return
        if self._process == getpid():
            self._exchange.close()
        else:
            self._exchange.forget()

    async def get_attrs(
        self, accounts: Iterable[str], *, timeout: float = DEFAULT_TIMEOUT, max_age: float = 0, partial: bool = False
    ) -> GetAttrsResult:
        """As `imattr.Client.get_attrs`."""
        check_timeout(timeout)
        check_partial(partial)
        max_age_ms = max_age_milliseconds(max_age)
        wanted = distinct(accounts)
        with self._call() as call:
            deadline = call.now() + timeout
            requests = []
            for start in range(0, len(wanted), BATCH):
                if call.outstanding == IN_FLIGHT:
                    await call.next()
                requests.append(GetAttrs(call, deadline, wanted[start : start + BATCH], max_age_ms, partial))
                call.start(requests[-1])
            while call.outstanding:
                await call.next()
        return joined(requests)

    def stream(
        self,
        accounts: Iterable[str] | AsyncIterable[str],
        *,
        batch: int = BATCH,
        in_flight: int = IN_FLIGHT,
        timeout: float = DEFAULT_TIMEOUT,
        max_age: float = 0,
        partial: bool = False,
    ) -> AsyncGenerator[User, None]:
        """As `imattr.Client.stream`; accounts can be awaited, too.

        What is in flight when the stream is left early, is withdrawn when the stream is closed: soon, or by
        `contextlib.aclosing` at once.
        """
        check_stream(batch, in_flight)
        check_timeout(timeout)
        check_partial(partial)
        max_age_ms = max_age_milliseconds(max_age)
        check_accounts(accounts)
        if isinstance(accounts, AsyncIterable):
            parts = async_batches(accounts, batch)
        else:
            parts = _giving_way(batches(accounts, batch))
        return self._users(parts, in_flight, timeout, max_age_ms, partial)

    async def _users(
        self, parts: AsyncIterator[list[str]], in_flight: int, timeout: float, max_age_ms: int, partial: bool
    ) -> AsyncGenerator[User, None]:
        with self._call() as call:
            more = True
            while more or call.outstanding:
                if more and call.outstanding < in_flight and not call.settled_requests:
                    try:
                        part = await parts.__anext__()
                    except StopAsyncIteration:
                        more = False
                    else:
                        call.start(GetAttrs(call, call.now() + timeout, part, max_age_ms, partial))
                else:
                    request = await call.next()
                    for user in request.value.users():
                        yield user

    async def ping(self, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """As `imattr.Client.ping`."""
        check_timeout(timeout)
        with self._call() as call:
            call.start(Ping(call, call.now() + timeout))
            await call.next()

    async def get_status(self, *, timeout: float = DEFAULT_TIMEOUT) -> Status:
        """As `imattr.Client.get_status`."""
        check_timeout(timeout)
        with self._call() as call:
            call.start(GetStatus(call, call.now() + timeout))
            request = await call.next()
        status: Status = request.value
        return status

    async def call(
        self,
        method: str,
        params: dict[str, Any] | list[Any] | tuple[Any, ...] | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Any:
        """As `imattr.Client.call`."""
        check_timeout(timeout)
        with self._call() as call:
            call.start(AnyMethod(call, call.now() + timeout, method, params))
            request = await call.next()
        return request.value

    def _call(self) -> TaskCall:
        loop = get_running_loop()
        if self._is_closed:
            raise CancelledError("the client is closed")
        if self._exchange is not None and self._process != getpid():
            # On a shared connection each process would read answers to the other.
            self._exchange.forget()
            self._exchange = None
        if self._exchange is None:
            self._exchange = AsyncExchange(self._path, loop)
            self._process = getpid()
        if self._exchange.loop is not loop:
            raise RuntimeError("a client belongs to the event loop of its first call: make one for each loop")
        return TaskCall(self._exchange)


async def _giving_way(parts: Iterator[list[str]]) -> AsyncIterator[list[str]]:
    """The parts, between which the event loop gets to read what has been answered."""
    for part in parts:
        yield part
        await sleep(0)


class AsyncExchange:
    """An exchange for tasks, driven by their event loop."""

    def __init__(self, path: str | None, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self._exchange = Exchange(path, self)
        self._timer: TimerHandle | None = None

    def start(self, request: Request) -> None:
        self._exchange.start(request, self.loop.time())
        self._set_timer()

    def withdraw(self, request: Request) -> None:
        self._exchange.withdraw(request, CancelledError("the call was given up"))

    def close(self) -> None:
        self._exchange.close("the client was closed")
        if self._timer is not None:
            self._timer.cancel()

    def forget(self) -> None:
        """Closes what a forked process has of its parent's; the loop, whose poller is still the parent's, is left alone."""
        self._exchange.forget("the call belongs to the process that this one was forked from")

    # Sockets

    def register(self, fd: int, eventmask: int) -> None:
        self.loop.add_reader(fd, self._ready, fd, EPOLLIN)

    def modify(self, fd: int, eventmask: int) -> None:
        if eventmask & EPOLLOUT:
            self.loop.add_writer(fd, self._ready, fd, EPOLLOUT)
        else:
            self.loop.remove_writer(fd)

    def unregister(self, fd: int) -> None:
        self.loop.remove_reader(fd)
        self.loop.remove_writer(fd)

    def _ready(self, fd: int, event: int) -> None:
        self._exchange.ready(fd, event, self.loop.time())
        self._set_timer()

    # Time

    def _set_timer(self) -> None:
        tick = self._exchange.next_tick
        if self._timer is not None:
            if self._timer.when() <= tick:
                return
            self._timer.cancel()
        self._timer = None if tick == NEVER else self.loop.call_at(tick, self._tick, tick)

    def _tick(self, due: float) -> None:
        self._timer = None
        now = self.loop.time()
        if now - due > NEGLIGIBLE:  # The loop was busy elsewhere, and answers may be there all the same, to be read yet.
            self._exchange.put_off(now - due + NEGLIGIBLE)
        self._exchange.tick(now)
        self._set_timer()


class TaskCall(Call):
    """What one task waits for. Leaving it (`with`) withdraws what is pending."""

    __slots__ = ("_exchange", "_waiter")

    def __init__(self, exchange: AsyncExchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._waiter: Future[None] | None = None

    def __enter__(self) -> TaskCall:
        return self

    def __exit__(self, *_: object) -> None:
        for request in list(self.pending):
            self._exchange.withdraw(request)

    def now(self) -> float:
        """The event loop's time, in seconds."""
        return self._exchange.loop.time()

    def start(self, request: Request) -> None:
        """Sends a request."""
        self.pending.add(request)
        self.outstanding += 1
        self._exchange.start(request)

    async def next(self) -> Request:
        """Waits for the next outcome, in whatever order they come.

        :raises Error: if the request failed.
        """
        if not self.settled_requests:
            self._waiter = self._exchange.loop.create_future()
            await self._waiter
        return self.take()

    def settled(self, request: Request) -> None:
        super().settled(request)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
