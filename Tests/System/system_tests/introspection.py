"""What the daemon says of itself, read by other people's programs: JSON Schema and OpenMetrics."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from jsonschema import Draft7Validator, RefResolver
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from . import clients, prometheus
from .machine import must, run, show, systemctl, wait_until
from .units import SERVICE, SOCKET, imattr

METRICS_SOCKET = "imattrd-metrics.socket"
METRICS_URL = "http://127.0.0.1:9464/metrics"


def schemas_of(document):
    """Every schema of an OpenRPC document: those of params and results, and the named ones."""
    yield from document["components"]["schemas"].values()
    for method in document["methods"]:
        for descriptor in [*method["params"], method["result"]]:
            yield descriptor["schema"]


def discovery(checks):
    """The schemas are JSON Schema, and answers are what they say."""
    document = clients.call(SOCKET, "rpc.discover")["result"]
    schemas = list(schemas_of(document))
    for schema in schemas:
        Draft7Validator.check_schema(schema)
    checks.expect("rpc.discover's schemas are JSON Schema", None if len(schemas) > 10 else f"{len(schemas)} of them")
    resolver = RefResolver("", document)
    for method in document["methods"]:
        name = method["name"]
        if method.get("x-notification"):
            continue
        params = {"getAttrs": {"To_Account": ["Zhang Xiaohong", "abc"]}}.get(name)
        answer = clients.call(SOCKET, name, params)
        faults = Draft7Validator(method["result"]["schema"], resolver=resolver).iter_errors(answer.get("result"))
        checks.expect(f"{name} answers what rpc.discover says", "; ".join(fault.message for fault in faults))
    page = imattr("alice", "help", "getAttrs")
    told = "integer from 1 to 600000, default 30000" in page.stdout and "-32005" in page.stdout
    checks.expect("imattr help explains a method", None if told else f"{page.stdout!r} {page.stderr!r}")
    checks.equal("imattr help of nothing known is wrong usage", imattr("alice", "help", "nonsense").returncode, 64)


def metrics(checks):
    """The text is OpenMetrics, and says what is the case."""
    done = imattr("alice", "metrics")
    families = {family.name: family for family in text_string_to_metric_families(done.stdout)}
    values = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families.values() for s in f.samples}
    checks.expect("getMetrics is OpenMetrics", None if len(families) > 40 else f"{len(families)} families")
    checks.equal("metrics: the state", values["imattrd_state", (("imattrd_state", "ready"),)], 1)
    answered = values["imattrd_requests_total", (("method", "getAttrs"), ("outcome", "ok"))]
    checks.expect("metrics: requests are counted", None if answered >= 1 else f"{answered}")
    # The service is confined, and may still look at itself.
    for name in ["resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds", "cpu_seconds"]:
        key = f"imattrd_process_{name}" + ("_total" if name == "cpu_seconds" else "")
        checks.expect(f"metrics: {name}", None if values.get((key, ()), 0) > 0 else "no value")
    result = json.loads(imattr("alice", "metrics", "--json").stdout)
    checks.equal("metrics --json has the type", result["contentType"].split(";")[0], "application/openmetrics-text")
    checks.equal("metrics: the service still runs", show(SERVICE, "ActiveState"), "active")


def metrics_over_http(checks):
    """The operator enables one more socket; a scrape starts the daemon, and callers notice nothing."""
    clients.get_attrs(SOCKET)
    systemctl("enable", METRICS_SOCKET)
    systemctl("restart", SERVICE)
    checks.equal("enabled while the daemon runs, it is there after a restart", fetch(METRICS_URL)[0], 200)
    systemctl("stop", SERVICE)
    status, kind, body = fetch(METRICS_URL)
    wanted = (200, "application/openmetrics-text")
    checks.equal("a scrape of a stopped daemon is answered", (status, kind.split(";")[0]), wanted)
    families = list(text_string_to_metric_families(body))
    checks.expect("what is scraped is OpenMetrics", None if len(families) > 40 else f"{len(families)} families")
    checks.equal("nothing else is served", fetch(METRICS_URL.replace("metrics", "status"))[0], 404)
    checks.equal("callers are answered beside it", clients.get_attrs(SOCKET), "answered")
    systemctl("restart", SERVICE)
    checks.equal("after a restart it is scraped again", fetch(METRICS_URL)[0], 200)
    expect_scraped(checks)
    systemctl("disable", METRICS_SOCKET)
    systemctl("stop", METRICS_SOCKET, SERVICE)
    expect_loopback_only(checks)
    checks.equal("without that socket all is as before", clients.get_attrs(SOCKET), "answered")


def expect_scraped(checks):
    """By a real Prometheus, which takes every sample."""
    with prometheus.scraping("127.0.0.1:9464") as ask:
        wait_until(lambda: prometheus.value('up{job="imattrd"}') == 1, "a scrape by Prometheus")
        checks.equal("a real Prometheus scrapes it", ask("targets")["activeTargets"][0]["lastError"], "")
        answered = prometheus.value('imattrd_requests_total{method="getAttrs",outcome="ok"}')
        checks.expect("and has what it counts", None if answered is not None else "no imattrd_requests_total")
        buckets = prometheus.value("histogram_quantile(0.99, imattrd_request_duration_seconds_bucket)")
        checks.expect("and its histograms", None if buckets is not None else "no quantile")
        kinds = {kind["type"] for kinds in ask("metadata").values() for kind in kinds}
        checks.expect("and their types", None if {"counter", "gauge", "histogram"} <= kinds else f"{kinds}")


def fetch(url, patience=30):
    """(status, type, text) of what HTTP gives."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def expect_loopback_only(checks):
    """A socket that others than this machine could reach is not served, and the daemon says what to do."""
    folder = Path(f"/run/systemd/system/{METRICS_SOCKET}.d")
    folder.mkdir(parents=True)
    (folder / "open.conf").write_text("[Socket]\nListenStream=\nListenStream=0.0.0.0:9464\n")
    systemctl("daemon-reload")
    systemctl("start", METRICS_SOCKET)
    run("systemctl", "start", SERVICE)
    status = must("systemctl", "show", "--property=StatusText", SERVICE)
    checks.expect("the daemon is misconfigured with it", None if "misconfigured" in status else status)
    try:
        checks.expect("and serves nothing there", f"{fetch('http://127.0.0.1:9464/metrics', patience=3)}"[:100])
    except OSError:
        checks.expect("and serves nothing there", None)
    must("journalctl", "--sync")
    said = "ListenStream=127.0.0.1:9464" in must("journalctl", "--no-pager", f"--unit={SERVICE}", "--lines=20")
    checks.expect("and says what to do", None if said else "not in the journal")
    systemctl("stop", METRICS_SOCKET, SERVICE)
    (folder / "open.conf").unlink()
    folder.rmdir()
    systemctl("daemon-reload")
