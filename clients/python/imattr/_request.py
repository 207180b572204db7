"""One request of any method."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ._connection import Connection
    from ._errors import Error

    class Caller(Protocol):
        """Who waits for requests."""

        def settled(self, request: Request) -> None:
            """Called once for each request, when it has its `value` or its `error`."""


class Request:
    """One request, from being asked to its outcome: a `value`, or an `error` to raise.

    A subclass is a method: it knows its name, its params, and the shape of its result. Times are those of the clock
    that the exchange is driven by, in seconds.
    """

    __slots__ = ("caller", "connection", "deadline", "error", "not_before", "number", "value")

    method = '""'
    """The JSON text of the method's name."""

    def __init__(self, caller: Caller, deadline: float) -> None:
        self.caller = caller
        self.deadline = deadline
        self.not_before = 0.0
        self.connection: Connection | None = None
        self.number = 0
        self.value: Any = None
        self.error: Error | None = None

    def params(self, milliseconds: int) -> str | None:
        """The JSON text of the params; `milliseconds` are what is left of the request's time."""
        return None

    def recovers(self, error: Error) -> bool:
        """Whether the request has a `value` in spite of that error."""
        return False

    def read(self, result: Any) -> object:
        """The value that the caller gets.

        :raises ProtocolError: if the result has not the promised shape.
        """
        return result

    def line(self, number: int, now: float) -> bytes:
        """The line to send, whose id is `number`."""
        params = self.params(max(1, round((self.deadline - now) * 1000)))
        tail = "" if params is None else f',"params":{params}'
        return f'{{"jsonrpc":"2.0","id":{number},"method":{self.method}{tail}}}\n'.encode()
