"""An operator's first day: a configuration, a key, a first call, who may call, and a mistake."""

import json
import re
from pathlib import Path

from system_tests.machine import must, show, systemctl, wait_until
from system_tests.units import (
    ACCESS_DENIED,
    CONFIGURATION,
    CREDENTIAL,
    MISCONFIGURED,
    SERVICE,
    SOCKET_UNIT,
    expect_rights,
)
from system_tests.upstream import write_configuration, write_private

from . import callers

MEMBERS = ["alice", "bob"]
OUTSIDER = "mallory"
NOTIFY_RELOAD = Path(f"/run/systemd/system/{SERVICE}.d/notify-reload.conf")
FIRST_WITH_NOTIFY_RELOAD = 253


def first_call(checks, upstream, key):
    """The steps of README.md; the first call starts the daemon."""
    write_configuration(CONFIGURATION, **upstream.keys)
    must("install", "-d", "-m", "700", str(CREDENTIAL.parent))
    write_private(CREDENTIAL, key)
    systemctl("enable", "--now", SOCKET_UNIT)
    for user in MEMBERS:
        must("usermod", "-a", "-G", "imattr", user)
    checks.equal("before the first call the daemon does not run", show(SERVICE, "ActiveState"), "inactive")
    checks.equal("the first call is answered", callers.get_attrs("alice"), "answered")
    checks.equal("and has started the daemon", show(SERVICE, "ActiveState"), "active")
    done = callers.imattr("alice", "get", "abc")
    checks.equal("imattr get works without any argument", (done.returncode, done.stderr), (0, ""))
    checks.equal("imattr get prints the answer", json.loads(done.stdout)["UserAttrs"][0]["To_Account"], "abc")


def who_may_call(checks, upstream):
    for user in ["root", *MEMBERS]:
        checks.equal(f"{user} is answered", callers.get_attrs(user), "answered")
    output, complaint = callers.clients.finish(callers.start_get_attrs(OUTSIDER))
    refused = not output and "Permission denied" in complaint
    checks.expect("who is not in the group cannot connect", None if refused else f"{output!r} {complaint!r}")
    checks.equal("imattr says so by 77", callers.imattr(OUTSIDER, "get", "abc").returncode, 77)
    write_configuration(CONFIGURATION, allow=["user:alice"], **upstream.keys)
    systemctl("reload", SERVICE)
    wait_until(lambda: callers.get_attrs("bob") == ACCESS_DENIED, "the rule that refuses bob")
    checks.equal("with `allow`, who is named is answered", callers.get_attrs("alice"), "answered")
    checks.equal("with `allow`, another member is refused", callers.get_attrs("bob"), ACCESS_DENIED)
    checks.equal("imattr says this by 77, too", callers.imattr("bob", "get", "abc").returncode, 77)
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("reload", SERVICE)
    wait_until(lambda: callers.get_attrs("bob") == "answered", "the end of the rule")


def notify_reload(checks, upstream):
    """The drop-in of the operators' page: systemd sends the signal itself, and waits until the daemon says that it is done."""
    version = int(re.match(r"systemd (\d+)", must("systemctl", "--version"))[1])
    if version < FIRST_WITH_NOTIFY_RELOAD:
        print(f"# systemd {version} has no Type=notify-reload")
        return
    NOTIFY_RELOAD.parent.mkdir(parents=True)
    NOTIFY_RELOAD.write_text("[Service]\nType=notify-reload\nExecReload=\n")
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    for rules, found in [({"allow": ["user:alice"]}, ACCESS_DENIED), ({}, "answered")]:
        write_configuration(CONFIGURATION, **rules, **upstream.keys)
        systemctl("reload", SERVICE)
        checks.equal("notify-reload: when it returns, the configuration is in force", callers.get_attrs("bob"), found)
    NOTIFY_RELOAD.unlink()
    NOTIFY_RELOAD.parent.rmdir()
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)


def mistake(checks, upstream):
    """A misspelt key, and many callers that wait while the daemon starts with it."""
    systemctl("stop", SERVICE)
    write_configuration(CONFIGURATION, **upstream.keys, ratelimit=50)
    waiting = [callers.start_get_attrs(user) for user in MEMBERS * 8]
    told = [callers.outcome(process) for process in waiting]
    checks.equal("a bad configuration: all that wait get its error", set(told), {MISCONFIGURED})
    checks.equal("a bad configuration: imattr exits with 78", callers.imattr("alice", "get", "abc").returncode, 78)
    text = show(SERVICE, "StatusText")
    checks.expect("a bad configuration: the status names the key", None if "ratelimit" in text else text)
    expect_rights(checks, "after a bad configuration")
    checks.equal("a bad configuration: the daemon was started once", show(SERVICE, "NRestarts"), "0")
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    repeated = [callers.outcome(process) for process in [callers.start_get_attrs(user) for user in MEMBERS * 8]]
    checks.equal("mended, the same callers are answered", set(repeated), {"answered"})


def idle_exit(checks, upstream):
    write_configuration(CONFIGURATION, idleExitSeconds=10, **upstream.keys)
    systemctl("restart", SERVICE)
    checks.equal("with idle exit it serves", callers.get_attrs("alice"), "answered")
    wait_until(lambda: show(SERVICE, "ActiveState") == "inactive", "the idle exit", seconds=45)
    checks.equal("an idle exit is a success", show(SERVICE, "Result"), "success")
    expect_rights(checks, "after an idle exit")
    checks.equal("the next caller is answered", callers.get_attrs("alice"), "answered")
    checks.equal("and has started the daemon again", show(SERVICE, "ActiveState"), "active")
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
