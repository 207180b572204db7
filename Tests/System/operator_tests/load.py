"""Callers that ask all the time while something happens to the daemon."""

import json
import subprocess
import sys

from system_tests.machine import as_user


class Load:
    """Askers, each a process of a member: `with Load("asks", "connects") as load: …`, then `load.results`."""

    def __init__(self, *kinds):
        self.kinds = kinds
        self.results = {}

    def __enter__(self):
        self.processes = {}
        for number, kind in enumerate(self.kinds):
            name = f"{kind}{number}"
            self.processes[name] = subprocess.Popen(
                [*as_user("alice"), sys.executable, "-B", "-m", "operator_tests.asker", kind, name],
                stdout=subprocess.PIPE,
                text=True,
            )
        for name, process in self.processes.items():
            if process.stdout.readline() != "answered\n":
                raise RuntimeError(f"{name} got no first answer")
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            try:
                output, _ = process.communicate(timeout=90)
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
            lines = output.splitlines()
            nothing = {"answered": 0, "failures": [f"ended with {process.returncode} and no result"], "longest": 0}
            self.results[name] = json.loads(lines[-1]) if lines else nothing

    def expect_nothing_lost(self, checks, when):
        """Every request of every asker was answered, and the right account's."""
        failures = [failure for result in self.results.values() for failure in result["failures"]]
        why = f"{len(failures)} failures, such as {failures[:3]}" if failures else None
        checks.expect(f"{when}: no request fails", why)
        asked = ", ".join(f"{name} {result['answered']}" for name, result in self.results.items())
        longest = max(result["longest"] for result in self.results.values())
        print(f"# answered: {asked}; longest {longest} s", flush=True)
