"""The tables of the pages that repeat what a program knows, as Markdown."""

import json
import re

# The pages with such tables, and the marks around each.
PAGES = [
    "clients/contract/PROTOCOL.md",
    "systemd/README.md",
    "systemd/observability/README.md",
]
MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)


def all_tables(description, root):
    """{name: lines} of every table.

    `description` is what imattrd says of itself, `root` the project's folder.
    """
    document = description["openrpc"]
    events = (root / "Sources/AttributeDaemon/Event.swift").read_text(encoding="utf-8")
    return {
        "keys": table(["key", "default", "allowed", "meaning"], map(key, description["keys"])),
        "metrics": table(["metric", "type", "meaning"], map(metric, description["metrics"])),
        "methods": table(["method", "what it does"], map(method, document["methods"])),
        "params": table(["param", "value", "meaning"], params(document, "getAttrs")),
        "errors": table(["code", "name", "retryable", "meaning"], errors(document)),
        "error-data": table(["member", "value", "meaning"], members(document["components"]["schemas"]["ErrorData"])),
        "limits": table(["name", "default", "meaning"], map(limit, document["x-limits"].items())),
        "message-ids": table(["MESSAGE_ID", "meaning"], message_ids(events)),
    }


def printed(page, tables):
    """A page's text with its tables as they have to be."""
    return MARKED.sub(lambda match: match[1] + "\n".join([*tables[match[2]], ""]) + match[4], page)


def table(heading, rows):
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}", *lines]


def key(row):
    restart = " A change needs a restart." if row["needsRestart"] else ""
    return [f"`{row['name']}`", row["usual"], row.get("allowed", ""), row["meaning"] + restart]


def metric(row):
    labels = f" by {', '.join(row['labels'])}" if row["labels"] and row["type"] != "stateset" else ""
    return [f"`{row['name']}`", row["type"] + labels, row["help"]]


def method(row):
    return [f"`{row['name']}`", row["summary"]]


def params(document, name):
    found = next(method for method in document["methods"] if method["name"] == name)
    for param in found["params"]:
        required = ", required" if param["required"] else ""
        yield [f"`{param['name']}`", value(param["schema"]) + required, param["schema"]["description"]]


def members(schema):
    for name, member in schema["properties"].items():
        required = ", always there" if name in schema["required"] else ""
        yield [f"`{name}`", value(member) + required, member["description"]]


def value(schema):
    """`integer, 1 to 600000, default 30000`."""
    kind = schema["type"]
    if kind == "array":
        # What is described elsewhere is an object: see DiscoveryTests.
        kind = f"array of {schema['items'].get('type', 'object')}s"
    words = [kind]
    if "enum" in schema:
        words.append(" or ".join(f"`{one}`" for one in schema["enum"]))
    if "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxItems" in schema:
        words.append(f"at most {schema['maxItems']}")
    if "default" in schema:
        words.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(words)


def errors(document):
    for name, error in document["components"]["errors"].items():
        yield [f"`{error['code']}`", name, "yes" if error["data"]["retryable"] else "no", error["message"]]


def limit(item):
    name, row = item
    return [f"`{name}`", f"{row['value']}{'' if row['configurable'] else ', fixed'}", row["description"]]


def message_ids(source):
    """The events with their doc comments."""
    for comment, number in re.findall(r"((?: *///.*\n)+) *case \w+ = \"([0-9a-f]{32})\"", source):
        yield [number, " ".join(line.strip().removeprefix("///").strip() for line in comment.strip().split("\n"))]
