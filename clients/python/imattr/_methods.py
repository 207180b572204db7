"""The methods of the daemon: what each asks, and what shape it answers."""

from __future__ import annotations

from ._errors import ArgumentError, DeadlineError, ProtocolError, RefusedError
from ._messages import DEADLINE_EXCEEDED, json_text, json_value
from ._request import Request
from ._results import FailedAccount, GetAttrsResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._errors import Error
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
    __slots__ = ("failure", "_accounts", "_max_age", "_partial")
    method = '"getAttrs"'

    def __init__(
        self, caller: Caller, deadline: float, accounts: list[str], max_age_milliseconds: int, partial: bool
    ) -> None:
        super().__init__(caller, deadline)
        self.failure: Error | None = None
        """With `partial`: the error that all of its accounts have."""
        self._accounts = json_text("accounts", accounts)
        self._max_age = max_age_milliseconds
        self._partial = partial

    def params(self, milliseconds: int) -> str:
        # Without an age the upstream is asked, and there is nothing to be told.
        max_age = f',"maxAgeMs":{self._max_age}' if self._max_age else ""
        partial = ',"partial":true' if self._partial else ""
        return f'{{"To_Account":{self._accounts},"timeoutMs":{milliseconds}{max_age}{partial}}}'

    def recovers(self, error: Error) -> bool:
        if not self._partial or not _is_about_accounts(error):
            return False
        self.failure = error
        accounts = dict.fromkeys(json_value(self._accounts))
        self.value = GetAttrsResult({}, [], [], [_failed_with(error, account) for account in accounts])
        return True

    def read(self, result: Any) -> GetAttrsResult:
        try:
            return GetAttrsResult(
                {_text(user["To_Account"]): _object(user["Attrs"]) for user in _array(result["UserAttrs"])},
                [_text(account) for account in _array(result["missing"])],
                [_object(error) for error in _array(result.get("ErrorList", []))],
                # A daemon that does not know of it has not failed any.
                [_failed(entry) for entry in _array(result.get("failed", []))] if self._partial else [],
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ProtocolError(f"getAttrs was answered with another shape: {error!r}") from None


def _is_about_accounts(error: Error) -> bool:
    """Whether an error says something of each account of its request, and not of the request or of the daemon."""
    if isinstance(error, RefusedError):
        return error.code in _OF_ACCOUNTS or not -32768 <= error.code <= -32000  # Tencent's own
    return isinstance(error, DeadlineError)


_OF_ACCOUNTS = (-32000, -32002)


def _failed_with(error: Error, account: str) -> FailedAccount:
    assert isinstance(error, (DeadlineError, RefusedError))
    code = DEADLINE_EXCEEDED if error.code is None else error.code
    return FailedAccount(
        account, code, error.message, error.retryable, error.error_info, error.retry_after, error.call_id
    )


def _failed(entry: Any) -> FailedAccount:
    code, message, retryable = entry["code"], entry["message"], entry["retryable"]
    if type(code) is not int or type(message) is not str or type(retryable) is not bool:
        raise TypeError("an account that failed has no code, message and retryable")
    return _failed_with(RefusedError(code, message, entry), _text(entry["To_Account"]))


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
