"""What calls give back."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


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


class User(Record):
    """One account of a stream: with its attributes, or missing."""

    __slots__ = ("account", "attrs", "error_code", "error_info")
    __match_args__ = ("account", "attrs", "error_code", "error_info")

    def __init__(
        self,
        account: str,
        attrs: dict[str, Any] | None,
        error_code: int | None = None,
        error_info: str | None = None,
    ) -> None:
        self.account = account
        self.attrs = attrs
        """The attributes as the upstream has them, in its order; None if it did not answer the account."""
        self.error_code = error_code
        """Of a missing account, the upstream's `ErrorCode`, if it gave one."""
        self.error_info = error_info
        """Of a missing account, the upstream's `ErrorInfo`, if it gave one."""


class GetAttrsResult(Record):
    """The answer to `get_attrs`. Its accounts are in the order in which they were first asked for."""

    __slots__ = ("user_attrs", "missing", "error_list")
    __match_args__ = ("user_attrs", "missing", "error_list")

    def __init__(
        self, user_attrs: dict[str, dict[str, Any]], missing: list[str], error_list: list[dict[str, Any]]
    ) -> None:
        self.user_attrs = user_attrs
        """The attributes of each account that the upstream answered, as it has them, in its order."""
        self.missing = missing
        """The other accounts."""
        self.error_list = error_list
        """What the upstream said of missing accounts: objects of `To_Account`, `ErrorCode` and `ErrorInfo`."""

    def users(self) -> Iterator[User]:
        """The accounts one by one, the missing ones last."""
        for account, attrs in self.user_attrs.items():
            yield User(account, attrs)
        errors = {error.get("To_Account"): error for error in self.error_list}
        for account in self.missing:
            error = errors.get(account, {})
            yield User(account, None, error.get("ErrorCode"), error.get("ErrorInfo"))


def joined(results: Iterable[GetAttrsResult]) -> GetAttrsResult:
    """The answers to parts as one."""
    whole = GetAttrsResult({}, [], [])
    for result in results:
        whole.user_attrs.update(result.user_attrs)
        whole.missing += result.missing
        whole.error_list += result.error_list
    return whole
