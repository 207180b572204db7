"""A daemon in a time namespace, where CLOCK_BOOTTIME and CLOCK_MONOTONIC are a million seconds apart, as after a long sleep of the
machine. A sleep itself cannot be made here."""

import subprocess
import time

from . import clients
from .machine import wait_until
from .upstream import write_configuration

ASLEEP = ["unshare", "--time", "--boottime", "1000000", "--fork", "--kill-child"]
CALLS = 3


def apart(checks, upstream, folder):
    configuration = write_configuration(
        folder / "clocks.yaml", secretKeyFile=str(upstream.secret_file), rateLimit=1, **upstream.keys
    )
    path = folder / "clocks.sock"
    with (folder / "clocks.log").open("w") as log:
        daemon = subprocess.Popen([*ASLEEP, "imattrd", "--socket", str(path), "--config", str(configuration)], stderr=log)
    try:
        wait_until(lambda: path.exists() or daemon.poll() is not None, "the socket of imattrd")
        with clients.Connection(path) as caller:
            begin = time.monotonic()
            answers = [caller.ask("getAttrs", {"To_Account": [f"a{number}"]}) for number in range(CALLS)]
            checks.equal("clocks apart: requests are answered", ["result" in answer for answer in answers], [True] * CALLS)
            took = time.monotonic() - begin
            checks.expect("clocks apart: one a second", None if CALLS - 1.3 < took < CALLS + 2 else f"{took:.2f} s")
            begin = time.monotonic()
            late = caller.ask("getAttrs", {"To_Account": ["b"], "timeoutMs": 300})
            took = time.monotonic() - begin
            why = None if late.get("error", {}).get("code") == -32001 and took < 5 else f"{late} after {took:.2f} s"
            checks.expect("clocks apart: a deadline is kept", why)
    finally:
        daemon.kill()
        daemon.wait()
