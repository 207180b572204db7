"""What calls give back."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._methods import GetAttrs


class Record:
    """A value of named fields: those of its subclass's `__slots__`."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"


class FailedAccount(Record):
    """Why an account has no answer, of a call with `partial`."""

    __slots__ = ("account", "code", "message", "retryable", "error_info", "retry_after", "call_id")
    __match_args__ = ("account", "code", "message", "retryable", "error_info", "retry_after", "call_id")

    def __init__(
        self,
        account: str,
        code: int,
        message: str,
        retryable: bool,
        error_info: str | None = None,
        retry_after: float | None = None,
        call_id: str | None = None,
    ) -> None:
        self.account = account
        self.code = code
        """Tencent's own `ErrorCode` if the upstream refused, or below zero one of imattrd."""
        self.message = message
        self.retryable = retryable
        """Whether asking again later may succeed without any change."""
        self.error_info = error_info
        """The upstream's own words, its `ErrorInfo`, if there were any."""
        self.retry_after = retry_after
        """Seconds before which asking again is of no use, if the daemon said so."""
        self.call_id = call_id
        """The name of the upstream call in the daemon's log, if there was one."""


class User(Record):
    """One account of a stream: with its attributes, or missing, or (with `partial`) failed."""

    __slots__ = ("account", "attrs", "error_code", "error_info", "failure")
    __match_args__ = ("account", "attrs", "error_code", "error_info", "failure")

    def __init__(
        self,
        account: str,
        attrs: dict[str, Any] | None,
        error_code: int | None = None,
        error_info: str | None = None,
        failure: FailedAccount | None = None,
    ) -> None:
        self.account = account
        self.attrs = attrs
        """The attributes as the upstream has them, in its order; None if it did not answer the account."""
        self.error_code = error_code
        """Of a missing account, the upstream's `ErrorCode`, if it gave one."""
        self.error_info = error_info
        """Of a missing account, the upstream's `ErrorInfo`, if it gave one."""
        self.failure = failure
        """Why the account has no answer; None unless it failed."""


class GetAttrsResult(Record):
    """The answer to `get_attrs`. Its accounts are in the order in which they were first asked for."""

    __slots__ = ("user_attrs", "missing", "error_list", "failed")
    __match_args__ = ("user_attrs", "missing", "error_list", "failed")

    def __init__(
        self,
        user_attrs: dict[str, dict[str, Any]],
        missing: list[str],
        error_list: list[dict[str, Any]],
        failed: list[FailedAccount] | None = None,
    ) -> None:
        self.user_attrs = user_attrs
        """The attributes of each account that the upstream answered, as it has them, in its order."""
        self.missing = missing
        """The accounts that the upstream left out of its answer."""
        self.error_list = error_list
        """What the upstream said of missing accounts: objects of `To_Account`, `ErrorCode` and `ErrorInfo`."""
        self.failed = [] if failed is None else failed
        """With `partial`, the accounts that failed."""

    def users(self) -> Iterator[User]:
        """The accounts one by one, then the missing ones, then those that failed."""
        for account, attrs in self.user_attrs.items():
            yield User(account, attrs)
        errors = {error.get("To_Account"): error for error in self.error_list}
        for account in self.missing:
            error = errors.get(account, {})
            yield User(account, None, error.get("ErrorCode"), error.get("ErrorInfo"))
        for failure in self.failed:
            yield User(failure.account, None, failure=failure)


def joined(requests: list[GetAttrs]) -> GetAttrsResult:
    """The answers to the parts of a call as one.

    :raises Error: the first part's that has one, if no account was answered at all.
    """
    whole = GetAttrsResult({}, [], [])
    for request in requests:
        result = request.value
        whole.user_attrs.update(result.user_attrs)
        whole.missing += result.missing
        whole.error_list += result.error_list
        whole.failed += result.failed
    if not whole.user_attrs and not whole.missing:
        for request in requests:
            if request.failure is not None:
                raise request.failure
    return whole
