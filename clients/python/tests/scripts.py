"""Programs that tests run beside themselves."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 60


def run(program, *arguments, socket=None):
    """Runs the text of a program that uses the client; returns what it printed. Warnings are errors there."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    environment.pop("IMATTRD_SOCKET", None)
    if socket is not None:
        environment["IMATTRD_SOCKET"] = socket
    finished = subprocess.run(
        [sys.executable, "-B", "-X", "dev", "-W", "error", "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (finished.returncode, finished.stderr) == (0, ""), (finished.returncode, finished.stderr)
    return finished.stdout
