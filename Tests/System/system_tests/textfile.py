"""The metrics by way of node_exporter, as an operator installs it by the page beside its files."""

import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from . import clients
from .machine import must, owner_group_mode, show, systemctl, wait_until
from .units import SERVICE, SOCKET

SHIPPED = Path("/opt/imattrd/observability")
FILE = Path("/var/lib/prometheus/node-exporter/imattrd.prom")
LISTEN = "127.0.0.1:9100"


def collected(checks):
    install = re.search(r"```sh\n(.*?)```", (SHIPPED / "README.md").read_text(), re.DOTALL)[1]
    clients.get_attrs(SOCKET)
    expect_skipped(checks, install)
    must("sh", "-euc", install, cwd=SHIPPED)
    wait_until(FILE.exists, "the metrics' file, by the timer")
    checks.equal("the file is node_exporter's to read", owner_group_mode(FILE), "root:root 644")
    families = {family.name: family for family in text_string_to_metric_families(FILE.read_text())}
    checks.expect("it is Prometheus's older text format", None if len(families) > 40 else f"{len(families)} families")
    kinds = {family.type for family in families.values()}
    checks.equal("of no newer types", kinds - {"counter", "gauge", "histogram"}, set())
    expect_served(checks)
    expect_gone(checks)


def expect_skipped(checks, install):
    """Before node_exporter is installed there is no folder for the metrics: that is said, and no failure."""
    elsewhere = FILE.parent.with_name("node-exporter-elsewhere")
    shutil.move(FILE.parent, elsewhere)
    must("sh", "-euc", install, cwd=SHIPPED)
    systemctl("start", "imattrd-textfile.service")
    found = [show("imattrd-textfile.service", name) for name in ("ConditionResult", "Result", "ActiveState")]
    checks.equal("without node_exporter's folder it is skipped", found, ["no", "success", "inactive"])
    systemctl("stop", "imattrd-textfile.timer")
    shutil.move(elsewhere, FILE.parent)


def expect_served(checks):
    """By a real node_exporter."""
    exporter = subprocess.Popen(
        ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile"]
        + [f"--collector.textfile.directory={FILE.parent}", f"--web.listen-address={LISTEN}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        text = wait_until(scraped, "node_exporter")
        fine = "node_textfile_scrape_error 0" in text and re.search("^imattrd_build_info{", text, re.MULTILINE)
        checks.expect("a real node_exporter passes them on", None if fine else text[:2000])
    finally:
        exporter.terminate()
        exporter.wait(30)


def scraped():
    try:
        with urllib.request.urlopen(f"http://{LISTEN}/metrics", timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return None


def expect_gone(checks):
    """A daemon that does not run has no metrics, and is not started for them."""
    systemctl("stop", "imattrd-textfile.timer")
    systemctl("stop", SERVICE)
    systemctl("start", "imattrd-textfile.service")
    checks.expect("of a stopped daemon there are no metrics", "the file is there" if FILE.exists() else None)
    checks.equal("and it stays stopped", show(SERVICE, "ActiveState"), "inactive")
    checks.equal("no file is left beside it", [path.name for path in FILE.parent.glob(".imattrd*")], [])
