"""The stand-in for the upstream, with its counts while it runs."""

import json
import os
import signal
from pathlib import Path

from system_tests.machine import wait_until
from system_tests.upstream import start_sandbox, write_private

TOO_FREQUENT = "60007"
FOLDER = Path("/srv/sandbox")


class Sandbox:
    """A running imattr-sandbox that knows one key. Each account's attributes are its own name."""

    def __init__(self, name, key, rate_limit=100, delay_ms=5):
        FOLDER.mkdir(exist_ok=True)
        self.rate_limit = rate_limit
        self.report_file = FOLDER / f"{name}.json"
        self.process, keys = start_sandbox(
            "--ca-file", FOLDER / f"{name}.pem", "--secret-key-file", write_private(FOLDER / f"{name}.key", key),
            "--unknown", "echo", "--delay-ms", delay_ms, "--rate-limit", rate_limit, "--report-json", self.report_file,
        )
        self.keys = keys | {"rateLimit": rate_limit}

    def report(self):
        """What it has seen from its start: calls, worstSecond, refusals by code."""
        self.report_file.unlink(missing_ok=True)
        os.kill(self.process.pid, signal.SIGUSR1)
        return wait_until(self.written_report, "the sandbox's report")

    def written_report(self):
        try:
            return json.loads(self.report_file.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def expect_limit_kept(self, checks, when, least=0):
        """No second with more than the limit, none refused; `least` for a load that has to come near it."""
        report = self.report()
        worst = report["worstSecond"]
        limit = self.rate_limit
        complaint = None if least <= worst <= limit else f"worst second {worst}, wanted {least} to {limit}"
        checks.expect(f"{when}: at the upstream no second has more than {limit} calls", complaint)
        checks.equal(f"{when}: the upstream has refused none for frequency", report["refusals"].get(TOO_FREQUENT, 0), 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=30)
