"""Methods, errors and limits of an OpenRPC document as parts of a manual page."""

import json


def write_methods(page, document):
    page.heading("METHODS")
    for method in document["methods"]:
        write_method(page, method, document)
    page.heading("ERRORS")
    page.paragraph("`error.code` is Tencent's own `ErrorCode` if the upstream refused the call, or one of these:")
    for name, error in document["components"]["errors"].items():
        retry = " Retryable." if error["data"]["retryable"] else ""
        members = ", ".join(f"`{member}`" for member in error["x-dataMembers"])
        page.item(f"`{error['code']}` {name}", f"{error['message']}{retry}" + (f" Data: {members}." if members else ""))
    page.paragraph("`error.data` is an object:")
    write_members(page, document["components"]["schemas"]["ErrorData"], document)
    page.heading("LIMITS")
    page.paragraph("These are the defaults. `rpc.discover` returns the values in force, as `x-limits`.")
    for name, limit in document["x-limits"].items():
        page.item(f"`{name}`", f"{limit['value']}{'' if limit['configurable'] else ', fixed'}. {limit['description']}")


def write_method(page, method, document):
    words = [param["name"] if param["required"] else f"[{param['name']}]" for param in method["params"]]
    page.subheading(" ".join([method["name"], *words]))
    page.paragraph(" ".join(method[key] for key in ["summary", "description"] if key in method))
    for param in method["params"]:
        schema = param["schema"]
        page.item(f"`{param['name']}` ({phrase(schema, document)})", resolved(schema, document)["description"])
    if method.get("x-notification"):
        return
    schema = method["result"]["schema"]
    page.paragraph(f"The result is {article(phrase(schema, document))}.")
    write_members(page, schema, document)
    for example in method.get("examples", []):
        params = {param["name"]: param["value"] for param in example["params"]}
        request = {"jsonrpc": "2.0", "id": 1, "method": method["name"]} | ({"params": params} if params else {})
        answer = {"jsonrpc": "2.0", "id": 1, "result": example["result"]["value"]}
        page.code([json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in [request, answer]])


def write_members(page, schema, document, prefix=""):
    """The members of an object, and those of objects in it."""
    for name, member in schema.get("properties", {}).items():
        inner = resolved(member, document)
        optional = "" if name in schema.get("required", []) else "; may be absent"
        page.item(f"`{prefix}{name}` ({phrase(member, document)}{optional})", inner.get("description", ""))
        elements = resolved(inner.get("items", {}), document)
        write_members(page, inner, document, f"{prefix}{name}.")
        write_members(page, elements, document, f"{prefix}{name}[].")


def phrase(schema, document):
    """`integer, 1 to 600000, default 30000`."""
    schema = resolved(schema, document)
    types = schema.get("type", "any value")
    parts = [" or ".join(types) if isinstance(types, list) else types]
    if types == "array":
        parts[0] += f" of {resolved(schema['items'], document).get('type', 'value')}s"
    if "enum" in schema:
        parts.append("one of " + ", ".join(schema["enum"]))
    if "maximum" in schema:
        parts.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxItems" in schema:
        parts.append(f"at most {schema['maxItems']}")
    if "default" in schema:
        parts.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(parts)


def article(text):
    return ("an " if text[0] in "aeiou" else "a ") + text


def resolved(schema, document):
    if "$ref" not in schema:
        return schema
    found = document
    for key in schema["$ref"].split("/")[1:]:
        found = found[key]
    return found
