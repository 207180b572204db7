"""Reads an OpenRPC document with readers that are not ours, and holds a running daemon to it.

Runs in the environments that openrpc-check makes: PyPI's `openrpc` reads the document, `jsonschema` the schemas in it, and
`openrpcclientgenerator` makes clients of it.
"""

import copy
import importlib
import importlib.metadata
import json
import os
import pathlib
import re
import socket
import sys
import tempfile

import jsonschema
import openrpc
import pydantic
from jsonschema.validators import Draft7Validator

POSITIONAL = ("by-position", "either")


class Bad(Exception):
    """What is wrong with the document."""


def check(document):
    """Raises Bad if it is no OpenRPC 1.3."""
    version = document.get("openrpc") if isinstance(document, dict) else None
    if not isinstance(version, str) or not re.fullmatch(r"1\.3\.\d+", version):
        raise Bad(f"openrpc: {version!r} is no version 1.3.x")
    try:
        read = openrpc.OpenRPC.model_validate(document)
    except pydantic.ValidationError as error:
        raise Bad(str(error)) from None
    understood = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    check_all_understood(document, understood)
    check_methods(document)
    for schema in schemas(document):
        check_schema(schema, document)


def check_all_understood(document, understood, where="document"):
    """The reader ignores members that it does not know; a misspelt one would go unseen."""
    if isinstance(document, dict) and isinstance(understood, dict):
        for key, value in document.items():
            if key not in understood and not key.startswith("x-"):
                raise Bad(f"{where}: {key!r} is no member that OpenRPC knows")
            # What schemas may hold is jsonschema's to say.
            if key not in understood or key in ("schema", "schemas"):
                continue
            check_all_understood(value, understood[key], f"{where}.{key}")
    elif isinstance(document, list) and isinstance(understood, list):
        for index, (value, read) in enumerate(zip(document, understood)):
            check_all_understood(value, read, f"{where}[{index}]")


def check_methods(document):
    """What the specification asks for beyond types."""
    names = [method["name"] for method in document["methods"]]
    if len(set(names)) != len(names):
        raise Bad(f"methods: a name twice in {names}")
    for method in document["methods"]:
        params = [resolved(param, document) for param in method["params"]]
        params_named = [param["name"] for param in params]
        if len(set(params_named)) != len(params_named):
            raise Bad(f"{method['name']}: a param twice in {params_named}")
        required = [param.get("required", False) for param in params]
        if method.get("paramStructure", "either") in POSITIONAL and required != sorted(required, reverse=True):
            raise Bad(f"{method['name']}: a required param after one that is not")
        codes = [resolved(error, document)["code"] for error in method.get("errors", [])]
        if len(set(codes)) != len(codes):
            raise Bad(f"{method['name']}: a code twice in {codes}")


def resolved(value, document):
    """The value, or what it refers to."""
    while isinstance(value, dict) and "$ref" in value:
        pointer = value["$ref"]
        if not pointer.startswith("#/"):
            raise Bad(f"{pointer}: refers to something outside")
        value = document
        for part in pointer[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, dict) or part not in value:
                raise Bad(f"{pointer}: refers to nothing")
            value = value[part]
    return value


def schemas(document):
    """Every JSON Schema of the document."""
    yield from document.get("components", {}).get("schemas", {}).values()
    descriptors = list(document.get("components", {}).get("contentDescriptors", {}).values())
    for method in document["methods"]:
        descriptors += method["params"]
        descriptors.append(method["result"])
    for descriptor in descriptors:
        yield resolved(descriptor, document)["schema"]


def check_schema(schema, document):
    try:
        Draft7Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise Bad(f"no JSON Schema: {error.message} in {json.dumps(schema)[:200]}") from None
    for inner in references(schema):
        resolved({"$ref": inner}, document)


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


# What the daemon says and does


class Service:
    """A connection to the daemon."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def call(self, method, params=None):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, **({} if params is None else {"params": params})}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self.lines.readline())


# Calls that are answered with a result, by the document's own schemas.
CALLS = {
    "getAttrs": [
        {"To_Account": ["Zhang Xiaohong", "abc", "nobody"]},
        {"To_Account": []},
        {"To_Account": ["abc"], "timeoutMs": 5000, "maxAgeMs": 1000},
        [["abc"], 5000, 0],
    ],
    "ping": [None, {}],
    "getStatus": [None],
    "getMetrics": [None],
    "rpc.discover": [None],
}


def check_service(document, service):
    """The daemon serves what the document names, and answers as its schemas say."""
    for method in document["methods"]:
        name = method["name"]
        for params in CALLS.get(name, []):
            answer = service.call(name, params)
            if "result" not in answer:
                raise Bad(f"{name}({json.dumps(params)}) is described, and was answered {json.dumps(answer)[:300]}")
            check_value(resolved(method["result"], document)["schema"], answer["result"], document, f"result of {name}")
        if method.get("x-notification"):
            continue  # it is not answered
        refused = service.call(name, {"no such param": 1})
        if refused.get("error", {}).get("code") == -32601:
            raise Bad(f"{name} is described, but the daemon does not know it")
        check_params(method, document)
    described = {method["name"] for method in document["methods"]}
    for name in set(CALLS) - described - {"rpc.discover"}:
        if "result" in service.call(name, CALLS[name][0]):
            raise Bad(f"the daemon knows {name}, but the document does not")


def check_params(method, document):
    """The params of our own calls fit the schemas, too."""
    params = [resolved(param, document) for param in method["params"]]
    for values in CALLS.get(method["name"], []):
        named = dict(zip([param["name"] for param in params], values)) if isinstance(values, list) else values or {}
        for param in params:
            if param["name"] in named:
                check_value(param["schema"], named[param["name"]], document, f"param {param['name']}")
            elif param.get("required"):
                raise Bad(f"{method['name']}: {param['name']} is described as required, but is not")


def check_value(schema, value, document, what):
    # The references of a schema are those of the whole document.
    whole = {"components": document.get("components", {}), "allOf": [schema]}
    errors = sorted(Draft7Validator(whole).iter_errors(value), key=str)
    if errors:
        raise Bad(f"{what}: {errors[0].message[:300]} at {list(errors[0].absolute_path)}")


# What a generator makes of it


def check_generator(document):
    """PyPI's generator makes clients, and the one in Python can be imported and asks for what the document names."""
    try:
        import openrpcclientgenerator as generator
    except ImportError:
        return None  # the other environment has it
    read = openrpc.OpenRPC.model_validate(document)
    with tempfile.TemporaryDirectory() as name:
        out = pathlib.Path(name)
        for language in generator.Language:
            generator.generate(read, language, "http://localhost", out)
        (package,) = (out / "python").glob("*/*/client.py")
        sys.path.insert(0, str(package.parent.parent))
        try:
            client = importlib.import_module(f"{package.parent.name}.client")
        except Exception as error:  # whatever is wrong with what was generated
            raise Bad(f"the generated client cannot be imported: {error!r}") from None
        found = [name for name in dir(client.ImattrdClient) if not name.startswith("_")]
    wanted = {"get_attrs", "get_status", "get_metrics", "ping", "cancel_request"}
    if not wanted <= set(found):
        raise Bad(f"the generated client lacks {sorted(wanted - set(found))}")
    return ", ".join(language.name.title() for language in generator.Language)


# Whether all this can fail


def mutilated(document):
    """Copies of the document that are no OpenRPC, each with a name."""

    def changed(name, change):
        copied = copy.deepcopy(document)
        change(copied)
        return name, copied

    yield changed("without methods", lambda one: one.pop("methods"))
    yield changed("without info", lambda one: one.pop("info"))
    yield changed("of version 2", lambda one: one.update(openrpc="2.0.0"))
    yield changed("with a member misspelt", lambda one: one["methods"][0].update(sumary="x"))
    yield changed("with a method twice", lambda one: one["methods"].append(one["methods"][0]))
    yield changed("with an error by reference", lambda one: one["methods"][0]["errors"].append({"$ref": "#/components/errors/x"}))
    yield changed("with a method without result", lambda one: one["methods"][0].pop("result"))
    yield changed("with params that are no list", lambda one: one["methods"][0].update(params={}))
    described = 0
    for name, schema in [
        ("with a schema that is none", {"type": 7}),
        ("that refers to nothing", {"$ref": "#/components/schemas/Nothing"}),
    ]:
        result = {"name": "x", "schema": schema}
        yield changed(name, lambda one: one["methods"][described].update(result=result))


def main(arguments):
    service = Service(os.environ["IMATTRD_SOCKET"]) if not arguments else None
    try:
        if service:
            answer = service.call("rpc.discover")
            if "result" not in answer:
                raise Bad(f"rpc.discover was answered {json.dumps(answer)[:300]}")
            document = answer["result"]
        else:
            with open(arguments[0], encoding="utf-8") as file:
                document = json.load(file)
        check(document)
        if service:
            check_service(document, service)
        generated = check_generator(document)
        for name, bad in mutilated(document):
            try:
                check(bad)
            except Bad:
                continue
            raise Bad(f"this check is worth nothing: a document {name} passes it")
    except Bad as bad:
        print(f"openrpc-check: FAILED: {bad}")
        return 1
    names = ", ".join(method["name"] for method in document["methods"])
    reader = f"read by openrpc {importlib.metadata.version('openrpc')}"
    print(f"openrpc-check: OpenRPC {document['openrpc']}, {document['info']['title']}, {reader}: {names}")
    if generated:
        print(f"openrpc-check: clients were generated in {generated}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
