"""Checks of what callers pass, before anything is sent."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable
from itertools import islice

from ._errors import ArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from os import PathLike

DEFAULT_PATH = "/run/imattrd/imattrd.sock"
DEFAULT_TIMEOUT = 30.0
BATCH = 500
IN_FLIGHT = 32
MAX_BATCH = 10_000
MAX_IN_FLIGHT = 1024
MAX_ACCOUNT_BYTES = 255


def given_path(path: str | PathLike[str] | None) -> str | None:
    """The path that a program gives for its client, as a str.

    :raises ArgumentError: if it is not a path at all.
    """
    try:
        return None if path is None else os.fsdecode(path)
    except TypeError:
        raise ArgumentError(f"path is {path!r}; it must be a str or a path") from None


def socket_path(path: str | None) -> str:
    """The path that was given, else that of the environment, else the default."""
    return path if path is not None else os.environ.get("IMATTRD_SOCKET") or DEFAULT_PATH


def check_timeout(seconds: float) -> None:
    """Refuses a time-out that is not from 1 ms to 10 minutes."""
    _check_seconds("timeout", seconds, 0.001, 600)


def max_age_milliseconds(seconds: float) -> int:
    """Milliseconds of an age of 0 to 1 hour."""
    _check_seconds("max_age", seconds, 0, 3600)
    return round(seconds * 1000)


def _check_seconds(name: str, seconds: float, least: float, most: float) -> None:
    # So that what is no number at all, and what is not a number (NaN), fail alike.
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not least <= seconds <= most:
        raise ArgumentError(f"{name} is {seconds!r}; it must be from {least:g} to {most:g} seconds")


def check_count(name: str, count: int, most: int) -> None:
    """Refuses what is not a number of things from 1 to `most`."""
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
        raise ArgumentError(f"{name} is {count!r}; it must be an int from 1 to {most}")


def check_stream(batch: int, in_flight: int) -> None:
    """Refuses a size of requests, or a number of them, that is out of range."""
    check_count("batch", batch, MAX_BATCH)
    check_count("in_flight", in_flight, MAX_IN_FLIGHT)


def check_partial(partial: bool) -> None:
    """Refuses what is not a bool: a text such as "no" would be true."""
    if not isinstance(partial, bool):
        raise ArgumentError(f"partial is {partial!r}; it must be a bool")


def check_accounts(accounts: object) -> None:
    """Refuses what is not an iterable; and one account where several are wanted: a str is iterable, too."""
    if isinstance(accounts, (str, bytes)):
        raise ArgumentError(f"accounts is {accounts!r}; it must be an iterable of accounts, such as [{accounts!r}]")
    if not isinstance(accounts, (Iterable, AsyncIterable)):
        raise ArgumentError(f"accounts is {accounts!r}; it must be an iterable of accounts")


def distinct(accounts: Iterable[str]) -> list[str]:
    """The accounts, each once, in the order of their first mention."""
    check_accounts(accounts)
    if not isinstance(accounts, Iterable):
        raise ArgumentError("accounts are awaited; only a stream of an AsyncClient takes such")
    accounts = list(accounts)
    _check_accounts(accounts, 0)
    return list(dict.fromkeys(accounts))


def batches(accounts: Iterable[str], size: int) -> Iterator[list[str]]:
    """The accounts in lists of at most `size`, each list read when it is asked for."""
    rest = iter(accounts)
    first = 0
    while batch := list(islice(rest, size)):
        _check_accounts(batch, first)
        first += len(batch)
        yield batch
        if len(batch) < size:  # Asking an input for more that has ended may begin it anew: a terminal's, say.
            return


async def async_batches(accounts: AsyncIterable[str], size: int) -> AsyncIterator[list[str]]:
    """The same of accounts that are awaited."""
    batch: list[str] = []
    first = 0
    async for account in accounts:
        batch.append(account)
        if len(batch) == size:
            _check_accounts(batch, first)
            first += size
            yield batch
            batch = []
    _check_accounts(batch, first)
    if batch:
        yield batch


def _check_accounts(accounts: list[str], first: int) -> None:
    """Refuses what is no text of 1 to 255 bytes of UTF-8; `first` is the index of the first."""
    for index, account in enumerate(accounts, first):
        # Most are plain; for those, their length is all that needs a look.
        if isinstance(account, str) and 0 < len(account) <= MAX_ACCOUNT_BYTES and account.isascii():
            continue
        _check_unusual_account(account, index)


def _check_unusual_account(account: object, index: int) -> None:
    if not isinstance(account, str):
        problem = f"{account!r}, a {type(account).__name__}"
    elif not account:
        problem = "empty"
    else:
        try:
            size = len(account.encode())
        except UnicodeEncodeError:
            problem = f"{account!r}, which has half of a surrogate pair"
        else:
            if size <= MAX_ACCOUNT_BYTES:
                return
            problem = f"of {size} bytes, {account[:40]!r}…"
    raise ArgumentError(f"accounts[{index}] is {problem}; it must be a str of 1 to {MAX_ACCOUNT_BYTES} bytes of UTF-8")
