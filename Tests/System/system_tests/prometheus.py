"""A real Prometheus, which scrapes the daemon."""

import json
import subprocess
import tempfile
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from .machine import wait_until

LISTEN = "127.0.0.1:9090"
CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: imattrd
    static_configs:
      - targets: ["TARGET"]
"""


@contextmanager
def scraping(target):
    """Runs Prometheus until the end of the block; gives what asks its API."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text(CONFIGURATION.replace("TARGET", target))
        with open(folder / "log", "w") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
                + [f"--web.listen-address={LISTEN}"],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: process.poll() is not None or answers(), "Prometheus")
            yield ask
        finally:
            process.terminate()
            process.wait(30)


def answers():
    try:
        return ask("status/buildinfo")
    except OSError:
        return None


def ask(path, **parameters):
    """The data of an answer of its API."""
    url = f"http://{LISTEN}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)["data"]


def value(query):
    """The first value that a query gives, or None."""
    result = ask("query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None
