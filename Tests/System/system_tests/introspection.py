"""What the daemon says of itself, read by other people's programs: JSON Schema and OpenMetrics."""

import json

from jsonschema import Draft7Validator, RefResolver
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from . import clients
from .machine import show
from .units import SERVICE, SOCKET, imattr


def schemas_of(document):
    """Every schema of an OpenRPC document: those of params and results, and the named ones."""
    yield from document["components"]["schemas"].values()
    for method in document["methods"]:
        for descriptor in [*method["params"], *([method["result"]] if "result" in method else [])]:
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
        if "result" not in method:
            checks.equal(f"{name} is a notification", method["x-notification"], True)
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
