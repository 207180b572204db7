"""What the journal has of a request and of an event: fields to search by, and nothing of a caller in the message."""

import json

from . import clients
from .machine import as_user, must, run, systemctl
from .units import CONFIGURATION, SERVICE, SOCKET
from .upstream import write_configuration

# An account that would be two more fields, if it were not a value.
ACCOUNT = "trick\nPRIORITY=0\nMESSAGE=forged"


def entries(*matches):
    """The entries of the service that match, oldest first."""
    lines = must("journalctl", "--no-pager", "--output=json", "--all", f"--unit={SERVICE}", *matches).splitlines()
    return [json.loads(line) for line in lines]


def text(value):
    """A field's text: the journal gives what is not plain text as a list of bytes."""
    return bytes(value).decode() if isinstance(value, list) else value


def has_fields(checks, upstream):
    write_configuration(CONFIGURATION, **upstream.keys, audit="accounts")
    systemctl("restart", SERVICE)
    request = {"jsonrpc": "2.0", "id": 1, "method": "getAttrs", "params": {"To_Account": [ACCOUNT, "abc"]}}
    clients.one_shot("nc", SOCKET, "alice", json.dumps(request))
    must("journalctl", "--sync")
    uid = must("id", "-u", "alice")
    found = entries("IMATTRD_METHOD=getAttrs", f"IMATTRD_UID={uid}")
    checks.equal("one entry for the request, found by its caller", len(found), 1)
    entry = found[-1]
    wanted = {"IMATTRD_ACCOUNTS": "2", "IMATTRD_OUTCOME": "ok", "PRIORITY": "6", "SYSLOG_IDENTIFIER": "imattrd"}
    checks.equal("its fields", {name: entry.get(name) for name in wanted}, wanted)
    checks.equal("the accounts' names are one field", json.loads(text(entry["IMATTRD_TO_ACCOUNT"])), [ACCOUNT, "abc"])
    message = text(entry["MESSAGE"])
    why = None if "trick" not in message and "forged" not in message else message
    checks.expect("nothing from the caller is in the message", why)
    report = must("imattr", "bugreport").splitlines()
    log = report[report.index("== log ==") + 1 :]
    checks.expect("a bug report has the log", None if any(" audit " in line and "accounts=2" in line for line in log) else log)
    found = [line for line in report if "trick" in line or "forged" in line]
    checks.equal("and no account", found, [])
    unprivileged = run(*as_user("alice"), "imattr", "bugreport")
    report = unprivileged.stdout.splitlines()
    checks.equal("a caller's bug report ends well, too", (unprivileged.returncode, unprivileged.stderr), (0, ""))
    checks.expect("and says why it lacks the log", None if report[-1].startswith("missing: the journal has no line") else report[-3:])
    started = [text(entry["MESSAGE"]) for entry in entries() if entry.get("MESSAGE_ID") and "IMATTRD_VERSION" in entry]
    checks.expect("the start is an event with a number", None if started else "no such entry")
    serves_without(checks)


def serves_without(checks):
    """journald is stopped, so that the queue of its socket fills up."""
    systemctl("kill", "--signal=STOP", "systemd-journald.service")
    try:
        with clients.Connection(SOCKET) as caller:
            count = sum("result" in caller.ask("getAttrs", {"To_Account": []}) for _ in range(3000))
        checks.equal("a journal that does not read: every request is answered", count, 3000)
    finally:
        systemctl("kill", "--signal=CONT", "systemd-journald.service")
