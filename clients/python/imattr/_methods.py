"""The methods of the daemon: what each asks, and what shape it answers."""

from __future__ import annotations

from ._errors import ArgumentError, ProtocolError
from ._messages import json_text
from ._request import Request
from ._results import GetAttrsResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._request import Caller


class Ping(Request):
    __slots__ = ()
    method = '"ping"'

    def read(self, result: object) -> None:
        if result != "pong":
            raise ProtocolError("ping was not answered with pong")


class GetStatus(Request):
    __slots__ = ()
    method = '"getStatus"'

    def read(self, result: object) -> object:
        if type(result) is not dict:
            raise ProtocolError("getStatus was not answered with an object")
        return result


class AnyMethod(Request):
    __slots__ = ("method", "_params")

    def __init__(
        self,
        caller: Caller,
        deadline: float,
        method: str,
        params: dict[str, Any] | list[Any] | tuple[Any, ...] | None,
    ) -> None:
        super().__init__(caller, deadline)
        if not isinstance(method, str):
            raise ArgumentError(f"method is {method!r}; it must be a str")
        if not isinstance(params, (dict, list, tuple, type(None))):
            raise ArgumentError(f"params is a {type(params).__name__}; it must be a dict, a list, a tuple or None")
        self.method = json_text("method", method)
        self._params = None if params is None else json_text("params", params)

    def params(self, milliseconds: int) -> str | None:
        return self._params


class GetAttrs(Request):
    __slots__ = ("_accounts", "_max_age")
    method = '"getAttrs"'

    def __init__(self, caller: Caller, deadline: float, accounts: list[str], max_age_milliseconds: int) -> None:
        super().__init__(caller, deadline)
        self._accounts = json_text("accounts", accounts)
        self._max_age = max_age_milliseconds

    def params(self, milliseconds: int) -> str:
        # Without an age the upstream is asked, and there is nothing to be told.
        max_age = f',"maxAgeMs":{self._max_age}' if self._max_age else ""
        return f'{{"To_Account":{self._accounts},"timeoutMs":{milliseconds}{max_age}}}'

    def read(self, result: Any) -> GetAttrsResult:
        try:
            return GetAttrsResult(
                {_text(user["To_Account"]): _object(user["Attrs"]) for user in _array(result["UserAttrs"])},
                [_text(account) for account in _array(result["missing"])],
                [_object(error) for error in _array(result.get("ErrorList", []))],
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ProtocolError(f"getAttrs was answered with another shape: {error!r}") from None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("an account is not a string")
    return value


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise TypeError("what should be an object is none")
    return value


def _array(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError("what should be an array is none")
    return value
