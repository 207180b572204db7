"""The socket of administrators under a real systemd: who may use it, and that a reload of a broken configuration fails."""

import json
import os

from . import clients, terminal
from .machine import as_user, must, owner_group_mode, run, show, systemctl
from .units import CONFIGURATION, CREDENTIAL, SERVICE, SOCKET
from .upstream import SECRET, write_configuration, write_private

ADMIN = SOCKET.parent.with_name("imattrd-admin") / SOCKET.name
UNKNOWN_METHOD = -32601


def reload_fails(checks, upstream):
    """A file with mistakes: `systemctl reload` fails and prints them, and the old configuration stays."""
    write_configuration(CONFIGURATION, **upstream.keys | {"rateLimit": 77})
    systemctl("restart", SERVICE)
    found = [owner_group_mode(ADMIN), owner_group_mode(ADMIN.parent)]
    checks.equal("the socket and its folder are root's alone", found, ["root:root 600", "root:root 700"])
    started = show(SERVICE, "MainPID")
    for name, text in {
        "an unknown key": json.dumps(upstream.keys | {"rateLimits": 1}),
        "no YAML": "rateLimit: [",
        "another encoding": "\ufeffrateLimit: 1".encode("utf-16-le"),
        "no value": json.dumps(upstream.keys | {"rateLimit": None}),
    }.items():
        CONFIGURATION.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = run("systemctl", "reload", SERVICE)
        checks.expect(f"a reload of {name} fails", None if done.returncode else "it succeeds")
        must("journalctl", "--sync")
        journal = must("journalctl", "--no-pager", "--lines=20", "--output=cat", f"--unit={SERVICE}")
        said = "the old configuration stays" in journal and str(CONFIGURATION) in journal
        checks.expect(f"the journal says what is wrong with {name}", None if said else journal)
        limiter = clients.call(SOCKET, "getStatus")["result"]["limiter"]
        checks.equal(f"after {name} the old configuration stays", limiter["rateLimit"], 77)
        checks.equal(f"after {name} the service is up", show(SERVICE, "ActiveState"), "active")
    write_configuration(CONFIGURATION, **upstream.keys | {"rateLimit": 78})
    done = run("systemctl", "reload", SERVICE)
    checks.expect("a reload of a good file succeeds", done.stderr if done.returncode else None)
    limiter = clients.call(SOCKET, "getStatus")["result"]["limiter"]
    checks.equal("after it the new configuration is in force", limiter["rateLimit"], 78)
    checks.equal("no reload was a restart", show(SERVICE, "MainPID"), started)


def commands(checks):
    """imattr reload, log-level and top: for root, and audited."""
    for command in (["reload"], ["log-level", "debug"], ["top", "--interval", "0.1"], ["top", "--json"]):
        name = " ".join(command)
        done = run("imattr", *command)
        checks.equal(f"imattr {name} works for root", (done.returncode, done.stderr), (0, ""))
        refused = run(*as_user("alice"), "imattr", *command)
        sudo = refused.returncode == 77 and "Only root may administer" in refused.stderr
        checks.expect(f"imattr {name} is refused to others", None if sudo else repr(refused))
    callers = json.loads(must("imattr", "top", "--json"))
    users = [user["uid"] for user in callers["users"]]
    checks.expect("imattr top lists users", None if 0 in users else repr(callers))
    pids = [connection["pid"] for connection in callers["connections"]]
    checks.expect("imattr top lists processes", None if pids and all(pid > 0 for pid in pids) else repr(callers))
    for rows, columns in ((24, 80), (12, 64)):
        drawn, status = terminal.screens(["imattr", "top", "--interval", "0.1"], rows, columns, 3)
        checks.equal(f"imattr top on {columns} columns ends with q", (len(drawn), status), (3, 0))
        fits = all(len(screen) <= rows and max(map(len, screen)) <= columns for screen in drawn)
        checks.expect(f"imattr top fits {rows} rows of {columns} columns", None if fits else repr(drawn))
        lists = all("q leaves" in screen and any("root" in line for line in screen) for screen in drawn)
        checks.expect(f"imattr top on {columns} columns lists users, and how to leave", None if lists else repr(drawn))
    must("journalctl", "--sync")
    for method in ("reload", "setLogLevel", "getCallers"):
        entries = must("journalctl", "--output=cat", f"--unit={SERVICE}", f"IMATTRD_METHOD={method}", "IMATTRD_UID=0")
        checks.expect(f"{method} is audited", None if "administration" in entries else "no entry")
    wrong = run("imattr", "log-level", "loud")
    checks.equal("a level that there is not is a mistake in writing", wrong.returncode, 64)
    for user in ("root", "alice"):
        answer = clients.call(SOCKET, "reload")
        code = answer.get("error", {}).get("code")
        checks.equal(f"on the callers' socket {user} is no administrator", code, UNKNOWN_METHOD)


def instances(checks, upstream):
    """Each has a socket of its own."""
    path = CONFIGURATION.with_name("third.yaml")
    write_private(CREDENTIAL.with_name("imattrd.third.secret-key"), SECRET)
    write_configuration(path, **upstream.keys)
    systemctl("start", "imattrd@third.socket", "imattrd@third.service")
    checks.equal("an instance is reloaded", run("systemctl", "reload", "imattrd@third.service").returncode, 0)
    write_configuration(path, **upstream.keys, rateLimits=1)
    failed = run("systemctl", "reload", "imattrd@third.service").returncode
    checks.expect("a reload of its broken file fails", None if failed else "it succeeds")
    environment = {**os.environ, "IMATTRD_SOCKET": str(SOCKET.with_name("third.sock"))}
    found = run("imattr", "reload", env=environment)
    named = found.returncode == 78 and "rateLimits" in found.stderr
    checks.expect("imattr finds its socket of administrators", None if named else repr(found))
    systemctl("stop", "imattrd@third.socket", "imattrd@third.service")
    checks.equal("its socket of administrators stops with it", show("imattrd-admin@third.socket", "ActiveState"), "inactive")
