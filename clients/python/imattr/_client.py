"""The client for threads."""

from __future__ import annotations

from time import monotonic

from ._arguments import (
    BATCH,
    DEFAULT_TIMEOUT,
    IN_FLIGHT,
    batches,
    check_accounts,
    check_partial,
    check_stream,
    check_timeout,
    distinct,
    given_path,
    max_age_milliseconds,
)
from ._cancellation import Cancellation
from ._errors import ArgumentError
from ._methods import AnyMethod, GetAttrs, GetStatus, Ping
from ._results import joined
from ._threads import ThreadCall, ThreadedExchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from os import PathLike
    from typing import Any

    from ._results import GetAttrsResult, User
    from .status import Status


class Client:
    """Asks imattrd.

    Any number of threads may call at once; their requests share one connection, which is made by the first, and made
    again when the daemon restarts: requests that it took with it are repeated, within their time. A forked process gets
    a connection of its own.

        with imattr.Client() as client:
            for account, attrs in client.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.items():
                print(account, attrs)

    Every call takes a `timeout`, the seconds from 0.001 to 600 that it may take as a whole, and a `cancellation`, by
    which another thread can give it up. Every call raises `Error`: `UnreachableError`, `LostError`, `RefusedError`,
    `DeadlineError`, `ProtocolError`, `ArgumentError`, or `CancelledError`.
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        """`path` is the daemon's socket; unless given, that of IMATTRD_SOCKET, or else /run/imattrd/imattrd.sock."""
        self._path = given_path(path)
        self._exchange = ThreadedExchange(self._path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection. Calls in flight, and later ones, raise `CancelledError`."""
        self._exchange.close()

    def get_attrs(
        self,
        accounts: Iterable[str],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        max_age: float = 0,
        partial: bool = False,
        cancellation: Cancellation | None = None,
    ) -> GetAttrsResult:
        """The attributes of accounts, of which there may be any number, of 1 to 255 bytes of UTF-8 each.

        With `max_age`, answers that the daemon already holds will do if they are at most that old, in seconds up to
        3600. The first failure is that of the call. With `partial`, the accounts that fail are in `failed` beside those
        that were answered, and the call raises only if no account was answered at all.
        """
        check_timeout(timeout)
        check_partial(partial)
        max_age_ms = max_age_milliseconds(max_age)
        wanted = distinct(accounts)
        deadline = monotonic() + timeout
        with self._call(cancellation) as call:
            requests = []
            for start in range(0, len(wanted), BATCH):
                if call.outstanding == IN_FLIGHT:
                    call.next()
                requests.append(GetAttrs(call, deadline, wanted[start : start + BATCH], max_age_ms, partial))
                call.start(requests[-1])
            while call.outstanding:
                call.next()
        return joined(requests)

    def stream(
        self,
        accounts: Iterable[str],
        *,
        batch: int = BATCH,
        in_flight: int = IN_FLIGHT,
        timeout: float = DEFAULT_TIMEOUT,
        max_age: float = 0,
        partial: bool = False,
        cancellation: Cancellation | None = None,
    ) -> Generator[User, None, None]:
        """The accounts with their attributes as they are answered, in bounded memory.

        Requests of `batch` accounts go out, up to `in_flight` of them at once, each with its own `timeout`. No more
        than the accounts of these are read ahead, and only when the next user is asked for. A batch is answered as a
        whole: its users come in its order, the missing ones last. The first failure ends the stream; leaving it early
        withdraws what is in flight. With `partial`, an account that fails is yielded with its `failure`, after the
        missing ones of its batch, and the stream goes on.
        """
        check_stream(batch, in_flight)
        check_timeout(timeout)
        check_partial(partial)
        max_age_ms = max_age_milliseconds(max_age)
        check_accounts(accounts)
        call = self._call(cancellation)
        return self._users(call, batches(accounts, batch), in_flight, timeout, max_age_ms, partial)

    def _users(
        self,
        call: ThreadCall,
        parts: Iterator[list[str]],
        in_flight: int,
        timeout: float,
        max_age_ms: int,
        partial: bool,
    ) -> Generator[User, None, None]:
        with call:
            more = True
            while more or call.outstanding:
                if more and call.outstanding < in_flight and not call.has_answer():
                    part = next(parts, None)
                    if part is None:
                        more = False
                    else:
                        call.start(GetAttrs(call, monotonic() + timeout, part, max_age_ms, partial))
                else:
                    yield from call.next().value.users()

    def ping(self, *, timeout: float = DEFAULT_TIMEOUT, cancellation: Cancellation | None = None) -> None:
        """Returns if the daemon is there and answers."""
        check_timeout(timeout)
        with self._call(cancellation) as call:
            call.start(Ping(call, monotonic() + timeout))
            call.next()

    def get_status(
        self, *, timeout: float = DEFAULT_TIMEOUT, cancellation: Cancellation | None = None
    ) -> Status:
        """The daemon's state, limits and counters, in its own words."""
        check_timeout(timeout)
        with self._call(cancellation) as call:
            call.start(GetStatus(call, monotonic() + timeout))
            status: Status = call.next().value
        return status

    def call(
        self,
        method: str,
        params: dict[str, Any] | list[Any] | tuple[Any, ...] | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        cancellation: Cancellation | None = None,
    ) -> Any:
        """The result of any method, in the daemon's own words."""
        check_timeout(timeout)
        with self._call(cancellation) as call:
            call.start(AnyMethod(call, monotonic() + timeout, method, params))
            return call.next().value

    def _call(self, cancellation: Cancellation | None) -> ThreadCall:
        if cancellation is not None and not isinstance(cancellation, Cancellation):
            raise ArgumentError(f"cancellation is {cancellation!r}; it must be a Cancellation")
        return ThreadCall(self._exchange, cancellation)
