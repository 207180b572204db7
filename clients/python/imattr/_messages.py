"""JSON-RPC 2.0 as imattrd speaks it: values into lines, lines into answers."""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder, JSONEncoder

from ._errors import ArgumentError, DeadlineError, ProtocolError, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

SHUTTING_DOWN = -32004
DEADLINE_EXCEEDED = -32001


def json_text(name: str, value: object) -> str:
    """The JSON text of a value, on one line; `name` stands for it in the error if it has none."""
    try:
        text = _encode(value)
        text.encode()  # Half of a surrogate pair is text to Python, and to nobody else.
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{name} cannot be written as JSON: {error}") from None
    return text


def json_value(text: str) -> Any:
    """The value of a JSON text of our own."""
    return _read(text)[0]


def cancellation(number: int) -> bytes:
    """The line that withdraws a request of the same connection. It is not answered."""
    return b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}\n' % number


class Answer:
    """One line from the daemon: the result or the error of the request `number`.

    An error whose `number` is None is about the connection. A request of ours never has any other `number` than an
    int, so an answer with one is nobody's.
    """

    __slots__ = ("error", "number", "result")

    def __init__(self, line: bytes) -> None:
        answer = _decoded(line)
        if type(answer) is not dict or answer.get("jsonrpc") != "2.0" or "id" not in answer:
            raise _not_ours(line, "it is no JSON-RPC 2.0 answer")
        if ("result" in answer) == ("error" in answer):
            raise _not_ours(line, "it has not either a result or an error")
        self.number: object = answer["id"]
        self.result: Any = answer.get("result")
        self.error: dict[str, Any] | None = None
        if "error" in answer:
            self.error = _checked_error(line, answer["error"])
        elif self.number is None:
            raise _not_ours(line, "it is a result whose id is null")

    def refusal(self) -> DeadlineError | RefusedError:
        """The error as an exception, a new one each time: several callers may get it."""
        assert self.error is not None
        code, message, data = self.error["code"], self.error["message"], self.error.get("data")
        if type(data) is not dict:
            data = {}
        return DeadlineError(message, code, data) if code == DEADLINE_EXCEEDED else RefusedError(code, message, data)


def _checked_error(line: bytes, error: Any) -> dict[str, Any]:
    if type(error) is not dict or type(error.get("code")) is not int or type(error.get("message")) is not str:
        raise _not_ours(line, "its error has not a code and a message")
    return error


def _decoded(line: bytes) -> Any:
    try:
        text = line.decode().strip(" \t\r\n")
        try:
            value, end = _read(text)
        except JSONDecodeError:
            raise
        except ValueError:  # An integer of more digits than int() takes; it must not cost an answer its other accounts.
            value, end = _read_any_integer(text)
        if end < len(text):
            raise JSONDecodeError("more than one value", text, end)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_ours(line, f"it is not JSON: {error}") from None
    return value


def _integer(digits: str) -> int:
    """An integer of any length. The daemon takes no more than 1 MiB from the upstream at a time: a second's work."""
    if len(digits) <= 600:  # The least that sys.set_int_max_str_digits() allows is 640.
        return int(digits)
    if digits[0] == "-":
        return -_integer(digits[1:])
    half = len(digits) // 2
    power: int = 10**half
    return _integer(digits[:-half]) * power + _integer(digits[-half:])


def _not_ours(line: bytes, reason: str) -> ProtocolError:
    # What may be an answer is not shown: it may hold attributes, and errors end up in logs.
    shown = "" if line.lstrip().startswith((b"{", b"[")) else f" {line[:60]!r}"
    return ProtocolError(f"what listens on the socket is not imattrd: a line of {len(line)} bytes{shown}: {reason}")


def _refuse_constant(name: str) -> NoReturn:
    raise JSONDecodeError("a number that JSON has not", name, 0)


_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_read = JSONDecoder(parse_constant=_refuse_constant).raw_decode
_read_any_integer = JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer).raw_decode
