"""The shipped units under a real systemd: systemd is PID 1, the service runs with its whole sandbox."""

import json
import subprocess
from pathlib import Path

from . import clients
from .machine import as_user, must, owner_group_mode, run, show, systemctl, wait_until
from .one_shot import WANTED, expect_answers
from .upstream import SECRET, write_configuration, write_private

SOCKET_UNIT = "imattrd.socket"
SERVICE = "imattrd.service"
SIGNER = "imattrd-signer.service"
SOCKET = Path("/run/imattrd/imattrd.sock")
SIGNER_SOCKET = Path("/run/imattrd-signer/imattrd/signer.sock")
CONFIGURATION = Path("/etc/imattrd/config.yaml")
CREDENTIAL = Path("/etc/credstore/imattrd.secret-key")

MISCONFIGURED = -32005
ACCESS_DENIED = -32003
SHUTTING_DOWN = -32004

# Two members of the group that may call, and another user.
USERS = ["u alice -", "u bob -", "u mallory -", "m alice imattr", "m bob imattr"]


def install(checks):
    """What installing the package does: the group, then the socket."""
    must("systemd-sysusers")
    must("systemd-sysusers", "--inline", *USERS)
    systemctl("daemon-reload")
    systemctl("start", SOCKET_UNIT)
    checks.equal("the service does not run before the first call", show(SERVICE, "ActiveState"), "inactive")
    expect_rights(checks, "after the start of the socket")


def expect_rights(checks, when):
    """Owner, group and mode of the socket and its folder, and the socket unit alive."""
    found = [owner_group_mode(SOCKET), owner_group_mode(SOCKET.parent), show(SOCKET_UNIT, "ActiveState")]
    checks.equal(f"socket and folder are as they were {when}", found, ["root:imattr 660", "root:root 755", "active"])


def misconfigured(checks, upstream):
    """A caller waits while a daemon starts that cannot serve; then an operator corrects the configuration."""
    for what, keys in {
        "an empty configuration": {},
        "an unknown key": upstream.keys | {"rateLimits": 100},
        "no credential": upstream.keys,
    }.items():
        systemctl("stop", SERVICE)
        write_configuration(CONFIGURATION, **keys)
        checks.equal(f"{what}: the waiting caller gets the error", clients.get_attrs(SOCKET), MISCONFIGURED)
        state = clients.call(SOCKET, "getStatus")["result"]["state"]
        checks.equal(f"{what}: getStatus says misconfigured", state, "misconfigured")
        text = show(SERVICE, "StatusText")
        checks.expect(f"{what}: systemctl status says so", None if "misconfigured" in text else text)
        checks.equal(f"{what}: ping works", clients.call(SOCKET, "ping")["result"], "pong")
        checks.equal(f"{what}: imattr get exits with 78", imattr("alice", "get", "abc").returncode, 78)
        checks.equal(f"{what}: the service stays up", show(SERVICE, "ActiveState"), "active")
        expect_rights(checks, f"after {what}")
    expect_named_key(checks)
    write_private(CREDENTIAL, SECRET)
    systemctl("restart", SERVICE)
    checks.equal("mended and restarted, it serves", clients.get_attrs(SOCKET), "answered")


def expect_named_key(checks):
    """The last of the bad configurations lacks the credential."""
    text = show(SERVICE, "StatusText")
    checks.expect("the status says where to write the key", None if str(CREDENTIAL) in text else text)


def callers(checks):
    """Root and members of the group are answered, others never reach the daemon."""
    for user in ["root", "alice"]:
        expect_answers(checks, f"the units, {user}", SOCKET, user)
    for client, (output, complaint) in clients.every_client(SOCKET, "mallory").items():
        refused = not output and "Permission denied" in complaint
        why = None if refused else f"{output!r} {complaint!r}"
        checks.expect(f"the units: {client} of another user is refused", why)


def imattr_command(checks):
    """The command-line client: it finds the socket by itself, and its exit code says what happened."""
    done = imattr("alice", "get", "abc")
    checks.equal("imattr get prints JSON into a pipe", json.loads(done.stdout or "null"), WANTED)
    codes = {
        "answered": done.returncode,
        "access denied": imattr("mallory", "ping").returncode,
        "no daemon": imattr("alice", "ping", "--socket", "/run/imattrd/none.sock").returncode,
        "usage": imattr("alice", "get", "--no-such-flag").returncode,
    }
    checks.equal("imattr's exit codes", codes, {"answered": 0, "access denied": 77, "no daemon": 69, "usage": 64})


def imattr(user, *arguments):
    return run(*as_user(user), "imattr", *arguments, stdin=subprocess.DEVNULL)


def signer_confinement(checks):
    """The process with the key, and who may connect to it."""
    process = Path("/proc") / show(SIGNER, "MainPID")
    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines() if ":\t" in line)
    checks.equal("the signer has no capabilities", int(status["CapBnd"], 16), 0)
    checks.equal("the signer's system calls are filtered", status["Seccomp"], "2")
    checks.equal("the signer is not dumpable", owner_group_mode(process / "environ"), "root:root 400")
    users = [user_of(SERVICE), user_of(SIGNER)]
    checks.equal("the two are different users", len(set(users)), 2)
    rights = [owner_group_mode(SIGNER_SOCKET), owner_group_mode(SIGNER_SOCKET.parent)]
    checks.equal("the signer's socket is the daemon's only", rights, ["root:imattrd-sign 660", "root:imattrd-sign 750"])
    for user in ["alice", "mallory"]:
        found = run(*as_user(user), "python3", "-c", CONNECT, str(SIGNER_SOCKET)).stdout.strip()
        checks.equal(f"{user} cannot connect to the signer", found, "PermissionError")
    checks.equal("nobody is in the daemon's group", must("getent", "group", "imattrd-sign").split(":")[-1], "")


CONNECT = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""


def stops_and_starts(checks):
    systemctl("stop", SERVICE)
    checks.equal("a stop ends with success", show(SERVICE, "Result"), "success")
    expect_rights(checks, "after a stop")
    checks.equal("a connection made while it is down is answered", clients.get_attrs(SOCKET), "answered")
    expect_rights(checks, "after a start by a connection")
    for _ in range(12):
        systemctl("restart", SERVICE)
    checks.equal("twelve restarts in a row are not too many", clients.get_attrs(SOCKET), "answered")
    expect_rights(checks, "after restarts")
    crashing = show(SERVICE, "MainPID")
    systemctl("kill", "--kill-whom=main", "--signal=KILL", SERVICE)
    wait_until(lambda: show(SERVICE, "MainPID") != crashing, "the end of a killed daemon")
    checks.equal("a caller after a crash is answered", clients.get_attrs(SOCKET), "answered")
    journal = must("journalctl", "--no-pager", f"--unit={SERVICE}")
    found = "slots of an earlier process found" in journal
    checks.expect("after a crash the limiter's slots are found again", None if found else "no word of them in the journal")
    checks.expect("and are not void", "they are" if "slots of an earlier process are void" in journal else None)
    expect_rights(checks, "after a crash")


def waiting_caller(checks, upstream):
    """A caller that connects while the service stops and starts is answered or refused for now, never cut off."""
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("stop", SERVICE)
    waiting = clients.start_one_shot("nc", SOCKET, "alice")
    systemctl("restart", SERVICE)
    output, complaint = clients.finish(waiting)
    answers = [json.loads(line) for line in output.splitlines()]
    fine = len(answers) == 1 and ("result" in answers[0] or answers[0]["error"]["code"] == SHUTTING_DOWN)
    checks.expect("a caller during a restart gets one line", None if fine else f"{output!r} {complaint!r}")


def idle_exit(checks, upstream):
    write_configuration(CONFIGURATION, idleExitSeconds=10, **upstream.keys)
    systemctl("restart", SERVICE)
    checks.equal("with idle exit it serves", clients.get_attrs(SOCKET), "answered")
    wait_until(lambda: show(SERVICE, "ActiveState") == "inactive", "the idle exit", seconds=45)
    checks.equal("an idle exit is a success", show(SERVICE, "Result"), "success")
    expect_rights(checks, "after an idle exit")
    checks.equal("after an idle exit the next caller is answered", clients.get_attrs(SOCKET), "answered")


def reload(checks, upstream):
    """systemctl reload, with a connection that stays, and the callers' real identities."""
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    checks.equal("without a rule both members are served", decisions(), ["answered"] * 3)
    started = show(SERVICE, "MainPID")
    with clients.Connection(SOCKET) as connection:
        connection.ping()
        write_configuration(CONFIGURATION, allow=["user:alice"], **upstream.keys)
        systemctl("reload", SERVICE)
        denied = ["answered", "answered", ACCESS_DENIED]
        wait_until(lambda: decisions() == denied, "the new rule after a reload")
        checks.equal("after a reload user:alice lets root and alice in, bob not", decisions(), denied)

        write_configuration(CONFIGURATION, allow=["user:bob"], rateLimits=1, **upstream.keys)
        run("systemctl", "reload", SERVICE)
        wait_until(lambda: "rateLimits" in show(SERVICE, "StatusText"), "the status that a reload failed")
        checks.equal("a bad new configuration leaves the old one", decisions(), denied)
        checks.equal("a bad new configuration leaves the service up", show(SERVICE, "ActiveState"), "active")

        write_configuration(CONFIGURATION, allow=["user:bob"], **upstream.keys)
        systemctl("reload", SERVICE)
        mended = ["answered", ACCESS_DENIED, "answered"]
        wait_until(lambda: decisions() == mended, "the mended rule after a reload")
        checks.equal("mended and reloaded, user:bob lets bob in, alice not", decisions(), mended)
        text = show(SERVICE, "StatusText")
        checks.expect("mended, the status is clear again", text if "rateLimits" in text else None)
        checks.equal("a connection outlives the reloads", connection.ping(), "pong")
    checks.equal("the reloads were not restarts", show(SERVICE, "MainPID"), started)


def decisions():
    return [clients.get_attrs(SOCKET, user) for user in ["root", "alice", "bob"]]


def second_instance(checks, upstream):
    """imattrd@NAME beside imattrd."""
    write_configuration(CONFIGURATION.parent / "second.yaml", **upstream.keys)
    path = SOCKET.parent / "second.sock"
    systemctl("start", "imattrd@second.socket")
    checks.equal("an instance without credential is misconfigured", clients.get_attrs(path), MISCONFIGURED)
    write_private(CREDENTIAL.with_name("imattrd.second.secret-key"), SECRET)
    systemctl("restart", "imattrd@second.service")
    checks.equal("with one it serves", clients.get_attrs(path), "answered")
    checks.equal("its socket has the same rights", owner_group_mode(path), "root:imattr 660")
    checks.equal("it runs as a user of its own", user_of("imattrd@second.service"), "imattrd-second")
    refused = run("systemctl", "start", "imattrd@imattrd.socket")
    checks.expect("an instance named imattrd is refused", None if refused.returncode else "it started")
    checks.equal("the refused instance left the first socket alone", clients.get_attrs(SOCKET), "answered")


def user_of(service):
    return must("ps", "-o", "user:32=", "-p", show(service, "MainPID"))


def confinement(checks):
    """What the running service can do, and what of it others can see."""
    clients.get_attrs(SOCKET)
    process = Path("/proc") / show(SERVICE, "MainPID")
    checks.equal("it does not run as root", user_of(SERVICE), "imattrd")
    limits = {line[:25].strip(): line[25:].split() for line in (process / "limits").read_text().splitlines()}
    checks.equal("it writes no core", limits["Max core file size"][:2], ["0", "0"])
    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines() if ":\t" in line)
    checks.equal("it has no capabilities", int(status["CapBnd"], 16), 0)
    checks.equal("its system calls are filtered", status["Seccomp"], "2")
    checks.equal("it is not dumpable", owner_group_mode(process / "environ"), "root:root 400")
    for file in ["cmdline", "environ"]:
        shown = SECRET.encode() in (process / file).read_bytes()
        checks.expect(f"no key in its {file}", "it is there" if shown else None)
    looking = run(*as_user("alice"), "cat", f"/run/credentials/{SIGNER}/imattrd.secret-key")
    checks.expect("members of the group cannot read the key", looking.stdout or None)
    signer_confinement(checks)
    journal = must("journalctl", "--no-pager", "--output=export")
    for name, text in {"key": SECRET, "UserSig": "usersig="}.items():
        checks.expect(f"no {name} in the journal", f"{text!r} is there" if text in journal else None)
