"""The examples of the pages run as they are printed."""

import json
import re
from pathlib import Path

from . import rules
from .clients import get_attrs
from .machine import as_user, must, run
from .units import CONFIGURATION, SERVICE, SOCKET, systemctl
from .upstream import write_configuration

FRONT = Path("/opt/imattrd/README.md")
CALLING = Path("/opt/imattrd/calling.md")
OPERATING = Path("/opt/imattrd/operating.md")

# The languages that every machine has which can run these tests; how each takes a program from a file.
INTERPRETERS = {"sh": ["sh", "-e"], "python": ["/usr/bin/python3"], "perl": ["perl"]}


def examples():
    """(language, program) of each fenced block under "By hand"."""
    section = re.search(r"^## By hand$(.*?)^## ", CALLING.read_text(), re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def call_it(checks, upstream, folder):
    """Each example, by a member of the group, at the default path."""
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    get_attrs(SOCKET)
    programs = dict(examples())
    for language, interpreter in INTERPRETERS.items():
        file = folder / f"example.{language}"
        file.write_text(programs[language])
        done = run(*as_user("alice"), *interpreter, str(file))
        shown = done.returncode == 0 and "New York" in done.stdout and "abc" in done.stdout
        checks.expect(f"the example in {language} runs", None if shown else f"{done.stdout!r} {done.stderr!r}")
    program, answer = (re.search(rf"^```{kind}\n(.*?)^```$", FRONT.read_text(), re.M | re.S)[1] for kind in ["sh", "json"])
    done = run(*as_user("alice"), "sh", "-ec", program)
    checks.equal("the first example of README.md has the answer that is printed below it", done.stdout, answer)


def rules_example(checks, upstream):
    """The rules of the operators' page, as they are printed, with the group that they name."""
    must("systemd-sysusers", "--inline", "u dave -", "m dave imattr", "m dave shop")
    before = CONFIGURATION.read_text()
    example = re.search(r"^```yaml\n(rules:\n.*?)^```$", OPERATING.read_text(), re.M | re.S)[1]
    keys = "".join(f"{name}: {json.dumps(value)}\n" for name, value in upstream.keys.items())
    CONFIGURATION.write_text(keys + example)
    systemctl("restart", SERVICE)
    found = {(user, account): rules.attempt(SOCKET, account, user) for user in ["dave", "bob"] for account in ["shop-1", "abc"]}
    wanted = {("dave", "shop-1"): "result", ("dave", "abc"): "shop To_Account[0]"}
    checks.equal("the example of rules has the effect that is written there", found, wanted | dict.fromkeys([("bob", "shop-1"), ("bob", "abc")], "result"))
    for who, rule in {"user:dave": "shop", "user:bob": "rest", "socket:web": "web"}.items():
        done = run("imattrd", "--check", "--config", str(CONFIGURATION), "--as", who)
        named = done.returncode == 0 and f"rule: {rule}, " in done.stdout
        checks.expect(f"imattrd --check --as {who} names the rule {rule}", None if named else repr(done))
    CONFIGURATION.write_text(before)
    systemctl("restart", SERVICE)
