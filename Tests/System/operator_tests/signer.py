"""The signer: what one who has the daemon gets, where the key is, and that nothing is lost when it goes and comes."""

import base64
import hashlib
import hmac
import json
import os
import signal
import time
import zlib
from pathlib import Path

from system_tests import canary
from system_tests.machine import must, run, show, systemctl, wait_until
from system_tests.units import CONFIGURATION, CREDENTIAL, SERVICE, SIGNER, signer_confinement
from system_tests.upstream import write_configuration, write_private

from . import callers
from .acts import PROBE
from .load import Load

OUTPUT = Path("/run/imattrd-thief")
DROP_IN = Path(f"/run/systemd/system/{SERVICE}.d/thief.conf")
LIFETIME = 900
KILLS = 8
RESTARTS = 5
CALLS = 1000


def thief(checks, upstream, key):
    """A drop-in puts another program into the daemon's place, under the same settings."""
    callers.get_attrs()
    DROP_IN.parent.mkdir(parents=True)
    command = "/usr/bin/env PYTHONPATH=/opt/imattrd /usr/bin/python3 -B -m operator_tests.thief"
    own = ["Type=oneshot", "WatchdogSec=0", "Restart=no", f"StandardOutput=file:{OUTPUT}", "ExecStart=", f"ExecStart={command}"]
    DROP_IN.write_text("\n".join(["[Service]", *own, "ExecPaths=/usr/bin /usr/lib"]) + "\n")
    systemctl("stop", "imattrd.socket", SERVICE)
    systemctl("daemon-reload")
    # The signer stopped with the daemon.
    systemctl("start", SIGNER)
    PROBE.joinpath("signer-pid").write_text(show(SIGNER, "MainPID"))
    try:
        run("systemctl", "start", SERVICE)
        found = json.loads(OUTPUT.read_text() or "{}")
    finally:
        DROP_IN.unlink()
        DROP_IN.parent.rmdir()
        OUTPUT.unlink()
        systemctl("daemon-reload")
        run("systemctl", "reset-failed", SERVICE)
        systemctl("start", "imattrd.socket")
    print("# | attempt of a thief in the daemon's place | what he got |")
    for name, what in found.items():
        print(f"# | {name} | {what if isinstance(what, str) else f'{len(what)} UserSig of admin'} |")
    signatures = found.pop("ask a thousand times", [])
    allowed = {name: what for name, what in found.items() if not str(what).startswith("denied")}
    checks.equal(f"a thief in the daemon's place: {len(found)} attempts, none succeeds", allowed, {})
    checks.expect("there were attempts", None if len(found) > 25 else f"{len(found)}")
    expect_only_admins(checks, signatures, upstream, key)
    checks.equal("the daemon is back", callers.get_attrs(), "answered")


def expect_only_admins(checks, signatures, upstream, key):
    """What a thousand requests brought: one UserSig or two, for admin, that end in time."""
    checks.expect("a thousand requests bring one UserSig or two", None if 1 <= len(signatures) <= 2 else f"{len(signatures)}")
    for text, issued, expires, app, admin in signatures:
        stated = json.loads(zlib.decompress(base64.b64decode(text.translate(str.maketrans("*-_", "+/=")))))
        wanted = {"TLS.identifier": upstream.keys["admin"], "TLS.sdkappid": upstream.keys["sdkAppId"], "TLS.expire": LIFETIME}
        checks.equal("it is for admin, app and time of the configuration", {name: stated[name] for name in wanted}, wanted)
        signed = "".join(
            f"TLS.{name}:{stated[f'TLS.{name}']}\n" for name in ["identifier", "sdkappid", "time", "expire"]
        )
        code = base64.b64encode(hmac.digest(key.encode(), signed.encode(), hashlib.sha256)).decode()
        checks.equal("it is signed with the key", stated["TLS.sig"], code)
        checks.equal("the answer says the same", (app, admin, expires - issued), (stated["TLS.sdkappid"], admin, LIFETIME))
        checks.expect("it ends in time", None if expires <= time.time() + LIFETIME else f"at {expires}")


def memory(checks, key):
    """After many calls, as root."""
    before = callers.status()["counters"]["calls"]
    with Load("streams", "asks"):
        wait_until(lambda: callers.status()["counters"]["calls"] > before + CALLS, f"{CALLS} calls", seconds=120)
    canary.expect_nowhere(checks, Path("/proc") / show(SERVICE, "MainPID"), key)
    signer = Path("/proc") / show(SIGNER, "MainPID")
    canary.expect_one_place(checks, signer, key)
    contents = [content for content, _ in canary.written_memory(signer)]
    parts = {key[start : start + 8].encode() for start in range(len(key) - 7)}
    found = [part for part in parts if any(part in content for content in contents)]
    checks.equal("the same search finds each part of the key in the signer", len(found), len(parts))


def comes_and_goes(checks, upstream, key):
    """Members cannot connect to it; it is killed and restarted under load, and no request fails."""
    signer_confinement(checks)
    write_configuration(CONFIGURATION, **upstream.keys, userSigTtlSeconds=60)
    systemctl("restart", SERVICE)
    with Load("asks", "asks", "connects") as load:
        for _ in range(KILLS):
            pid = int(show(SIGNER, "MainPID"))
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: int(show(SIGNER, "MainPID")) not in (0, pid), "another signer")
    load.expect_nothing_lost(checks, f"{KILLS} times kill -9 of the signer")
    expiry = callers.status()["userSig"]["expiresAt"]
    daemon = show(SERVICE, "MainPID")
    with Load("asks", "asks", "connects") as load:
        for _ in range(RESTARTS):
            write_private(CREDENTIAL, key)
            systemctl("restart", SIGNER)
            time.sleep(0.5)
        wait_until(lambda: callers.status()["userSig"]["expiresAt"] > expiry, "a UserSig of the new signer")
    load.expect_nothing_lost(checks, f"{RESTARTS} restarts of the signer")
    checks.equal("the daemon is the same process", show(SERVICE, "MainPID"), daemon)
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)


def checked_online(checks, when):
    """`imattrd --check --online`, as root and without a word about the key."""
    done = run("imattrd", "--check", "--online", env={"PATH": os.environ["PATH"]})
    fine = done.returncode == 0 and "certificate and call ok" in done.stdout
    checks.expect(f"imattrd --check --online, {when}", None if fine else f"{done.returncode}: {done.stdout} {done.stderr}")
    left = [str(path) for path in Path("/run").glob("imattrd-check-*")]
    checks.equal(f"and leaves no key behind, {when}", left, [])


def advice(checks):
    """What `imattr doctor` says of what it finds, carried out as it is printed."""
    socket = Path("/run/imattrd/imattrd.sock")
    socket.unlink()
    systemctl("start", "imattrd.socket")
    checks.equal("a start does not bring a socket file back", socket.exists(), False)
    carry_out(checks, "alice", "a socket file that is gone")
    checks.equal("it serves again, with its file", callers.get_attrs("alice"), "answered")

    os.chown(socket, 0, 0)
    said = callers.imattr("alice", "doctor")
    text = " ".join((said.stdout + said.stderr).split())
    good = "Do not join group root" in text and "usermod" not in text and said.returncode == 77
    checks.expect("a socket of root:root: nobody is sent to root's group", None if good else text)
    carry_out(checks, "alice", "a socket of root:root")
    checks.equal("with the unit's own group it serves", callers.get_attrs("alice"), "answered")

    systemctl("stop", "imattrd-signer.socket", SIGNER)
    Path("/run/imattrd-signer/imattrd/signer.sock").unlink(missing_ok=True)
    must("systemctl", "kill", "--signal=KILL", SERVICE)
    systemctl("mask", "--runtime", "imattrd-signer.socket")
    wait_until(lambda: show(SERVICE, "ActiveState") == "active", "the daemon without a signer")
    wait_until(lambda: callers.status()["state"] == "degraded", "degraded without a signer")
    systemctl("unmask", "--runtime", "imattrd-signer.socket")
    carry_out(checks, "root", "a signer that is away")
    wait_until(lambda: callers.status()["state"] == "ready", "the signer's return")
    checks.equal("with the signer it serves", callers.get_attrs("alice"), "answered")


def carry_out(checks, user, when):
    """Runs the systemctl commands of the doctor's advice."""
    found = json.loads(callers.imattr(user, "doctor", "--format", "json").stdout)
    advice = next((step["advice"] for step in found if "run: systemctl" in step.get("advice", "")), None)
    checks.expect(f"{when}: imattr doctor says what to run", None if advice else json.dumps(found))
    if advice:
        must("bash", "-e", "-c", advice.split("run: ", 1)[1])
