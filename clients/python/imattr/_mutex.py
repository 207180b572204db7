"""A lock for threads, and for what interrupts them."""

from __future__ import annotations

# Not threading, whose import takes longer than a call.
from _thread import allocate_lock
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Mutex:
    """A lock that signal handlers and finalizers can use, too.

    Both can interrupt a thread that holds the lock, and must not wait for it then: they would wait for themselves. With
    `soon` they leave an action to whoever holds it, who therefore calls `catch_up` after each release.
    """

    def __init__(self) -> None:
        self.lock = allocate_lock()
        """To be taken by `with`, between which and the lock no Ctrl-C can come."""
        self._actions: deque[Callable[[], object]] = deque()

    def soon(self, action: Callable[[], object]) -> None:
        """Runs an action while the lock is held: at once, or as soon as it is released."""
        self._actions.append(action)
        self.catch_up()

    def catch_up(self) -> None:
        """Runs the actions that came while the lock was held.

        After a release none can be missed: who came before found the lock taken, who comes now finds it free.
        """
        while self._actions and self.lock.acquire(False):
            try:
                while self._actions:
                    self._actions.popleft()()
            finally:
                self.lock.release()
