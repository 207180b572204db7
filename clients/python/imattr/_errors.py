"""The errors of imattr: one type for each thing that a caller can do about it."""

from __future__ import annotations

import errno

TYPE_CHECKING = False  # What typing has would cost a third of this package's import.
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Field = TypeVar("Field")


class Error(Exception):
    """Why a call has no result."""

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later without any change."""
        return False

    @property
    def retry_after(self) -> float | None:
        """Seconds before which asking again is of no use, if the daemon said so."""
        return None


class ArgumentError(Error, ValueError):
    """What was asked for cannot be asked for; nothing was sent."""


class UnreachableError(Error, OSError):
    """The socket cannot be connected to: `filename` is its path, `errno` and `strerror` are what the system says."""

    def __str__(self) -> str:
        return f"cannot connect to {self.filename!r}: {self.strerror}{_advice.get(self.errno or 0, '')}"


_advice = {
    errno.EACCES: "; this user must be a member of the group imattr",
    errno.ENOENT: "; start the daemon (systemctl start imattrd.socket), or name its socket in IMATTRD_SOCKET",
    errno.ECONNREFUSED: "; no process listens there: start the daemon (systemctl start imattrd.socket)",
}


class Answered:
    """What `data` of an error that the daemon answered has: None for each part that is not there."""

    data: dict[str, Any]

    def _field(self, name: str, kind: type[Field]) -> Field | None:
        value = self.data.get(name)
        return value if isinstance(value, kind) else None

    @property
    def retry_after(self) -> float | None:
        milliseconds = self._field("retryAfterMs", int)
        return None if milliseconds is None else milliseconds / 1000

    @property
    def source(self) -> str | None:
        """Who refused: "daemon" or "upstream"."""
        return self._field("source", str)

    @property
    def error_info(self) -> str | None:
        """The upstream's own words, its `ErrorInfo`."""
        return self._field("ErrorInfo", str)

    @property
    def attempts(self) -> int | None:
        """How often the upstream was asked."""
        return self._field("attempts", int)

    @property
    def path(self) -> str | None:
        """Which part of the params is wrong, such as `To_Account[3]`."""
        return self._field("path", str)

    @property
    def limit(self) -> int | None:
        """The value of the limit that was met."""
        return self._field("limit", int)

    @property
    def limit_name(self) -> str | None:
        """The configuration key of the limit that was met."""
        return self._field("limitName", str)

    @property
    def fetched(self) -> int | None:
        """How many accounts of the request were answered all the same; `max_age` gets them without asking again."""
        return self._field("fetched", int)

    @property
    def failed(self) -> list[dict[str, Any]] | None:
        """Up to 100 of the accounts that failed, as objects of `To_Account`, `ErrorCode` and `ErrorInfo`."""
        return self._field("failed", list)

    @property
    def call_id(self) -> str | None:
        """The name of the upstream call in the daemon's log."""
        return self._field("callId", str)

    @property
    def clock_skew(self) -> int | None:
        """Seconds by which the daemon's clock is ahead of the upstream's."""
        return self._field("clockSkewSeconds", int)


class LostError(Error, ConnectionError):
    """The daemon went away, and did not come back in time."""

    @property
    def retryable(self) -> bool:
        return True


class DeadlineError(Answered, Error, TimeoutError):
    """No answer came in time.

    If the daemon said so, `code` is -32001, `data` has all that it said besides, and the properties are its promised
    parts, as those of `RefusedError`. If the daemon said nothing at all, `code` is None and `data` is empty.
    """

    def __init__(self, message: str, code: int | None = None, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data or {}

    def __str__(self) -> str:
        return self.message if self.code is None else f"{self.code}: {self.message}"

    @property
    def retryable(self) -> bool:
        return True


class ProtocolError(Error):
    """What listens on the socket does not speak imattrd's protocol."""


class CancelledError(Error):
    """The call was given up: by its `Cancellation`, or because the client was closed."""


class RefusedError(Answered, Error):
    """The daemon answered with an error, its own or the upstream's; but that of a deadline is `DeadlineError`.

    `code` is Tencent's own `ErrorCode` if the upstream refused, or below zero one of imattrd; `message` says it in
    words; `data` has all that the daemon said besides, of which the properties are the promised parts. A property is
    None if its part is not there.
    """

    def __init__(self, code: int, message: str, data: dict[str, Any]) -> None:
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def retryable(self) -> bool:
        return self.data.get("retryable") is True
