"""One line a check, a plain count at the end."""

import sys
import traceback
from contextlib import contextmanager


class Checks:
    """Counts checks and prints `ok - NAME` or `not ok - NAME: why` for each."""

    def __init__(self, explain=None):
        """`explain` gives a text to print after a group in which something failed."""
        self.passed = 0
        self.failed = 0
        self.explain = explain

    def expect(self, name, complaint):
        """A check that passes when there is no complaint (None or empty)."""
        if complaint:
            self.failed += 1
            print(f"not ok - {name}: {complaint}", flush=True)
        else:
            self.passed += 1
            print(f"ok - {name}", flush=True)

    def equal(self, name, found, wanted):
        self.expect(name, None if found == wanted else f"found {found!r}, wanted {wanted!r}")

    @contextmanager
    def group(self, name):
        """A group of checks; an exception in it is one failure, and the next group still runs."""
        print(f"# {name}", flush=True)
        failed_before = self.failed
        try:
            yield
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            self.expect(f"{name} ran to its end", f"{type(error).__name__}: {error}")
        if self.failed > failed_before and self.explain:
            print(self.explain().rstrip(), flush=True)

    def finish(self):
        """The closing line; ends the program with 0 or 1."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)
