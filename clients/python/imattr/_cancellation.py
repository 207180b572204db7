"""Giving up calls that other threads are waiting for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._threads import ThreadCall


class Cancellation:
    """Gives up the calls that it was passed to, which raise `CancelledError`; later calls do so at once.

    `cancel` may be called from any thread, and from a signal handler.

        stop = imattr.Cancellation()
        signal.signal(signal.SIGTERM, lambda *_: stop.cancel())
        for user in imattr.stream(accounts, cancellation=stop): ...
    """

    def __init__(self) -> None:
        self._calls: set[ThreadCall] = set()
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True  # First, so that a call which is not yet among these finds it.
        for call in list(self._calls):
            call.cancel()
