"""What a thread or a task waits for."""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._request import Request


class Call:
    """Some requests, and those of them that have their outcome."""

    __slots__ = ("outstanding", "pending", "settled_requests")

    def __init__(self) -> None:
        self.outstanding = 0
        """Requests that were started and not taken."""
        self.pending: set[Request] = set()
        self.settled_requests: deque[Request] = deque()

    def settled(self, request: Request) -> None:
        """Notes that a request has its outcome."""
        self.pending.discard(request)
        self.settled_requests.append(request)

    def take(self) -> Request:
        """The first of the requests that have their outcome.

        :raises Error: if it failed.
        """
        request = self.settled_requests.popleft()
        self.outstanding -= 1
        error, request.error = request.error, None
        if error is not None and not request.recovers(error):
            try:
                raise error
            finally:
                del error  # Else it would hold this frame, and this frame it, until the garbage collector comes.
        return request
