"""The secret key: replaced under load, refused by the upstream, encrypted on the disk."""

import json
import os
import time
from pathlib import Path

from system_tests.machine import must, run, show, systemctl, wait_until
from system_tests.units import CONFIGURATION, CREDENTIAL, SERVICE, SIGNER
from system_tests.upstream import write_configuration, write_private

from . import callers, signer
from .load import Load
from .sandbox import Sandbox

NEXT_KEY = "made-up-key-for-tests-only-9e52"
WRONG_KEY = "made-up-key-that-no-app-has-3d1b"
WRONG_KEY_CODE = 70009
PROBE_SECONDS = 30
ENCRYPTED = Path("/etc/credstore.encrypted") / CREDENTIAL.name
DROP_IN = Path(f"/etc/systemd/system/{SIGNER}.d/encrypted.conf")


def rotation(checks, upstream, key):
    """While both keys are valid, and callers ask. A sandbox knows one key, so that two of them play the app's two keys."""
    with Sandbox("rotated", NEXT_KEY) as other:
        with Load("asks", "asks", "connects") as load:
            for sandbox, next_key in [(other, NEXT_KEY), (upstream, key), (other, NEXT_KEY)]:
                write_private(CREDENTIAL, next_key)
                write_configuration(CONFIGURATION, **sandbox.keys)
                before = sandbox.report()["calls"]
                systemctl("restart", SERVICE)
                wait_until(lambda: sandbox.report()["calls"] > before + 5, "calls with the other key")
            settled = upstream.report()["calls"]
            calls = other.report()["calls"]
            wait_until(lambda: other.report()["calls"] > calls + 5, "more calls with the new key")
            checks.equal("no call with the old key after the restart", upstream.report()["calls"], settled)
        load.expect_nothing_lost(checks, "three rotations of the key")
        for sandbox, name in [(upstream, "old"), (other, "new")]:
            sandbox.expect_limit_kept(checks, f"rotation, the {name} key")
            checks.equal(f"rotation: no call is refused with the {name} key", sandbox.report()["refusals"], {})
    write_private(CREDENTIAL, key)
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
    checks.equal("back to the first key, it serves", callers.get_attrs(), "answered")


def refused(checks, upstream, key):
    """The upstream refuses the key: everybody hears which code it is, and the upstream is left in peace."""
    write_private(CREDENTIAL, WRONG_KEY)
    since = time.time()
    systemctl("restart", SERVICE)
    before = upstream.report()["calls"]
    told = callers.call("getAttrs", {"To_Account": ["abc"]})["error"]
    begin = time.monotonic()
    checks.equal("a wrong key: the caller gets the upstream's code", told["code"], WRONG_KEY_CODE)
    checks.equal("a wrong key: and not to repeat it", told["data"]["retryable"], False)
    expect_told(checks, since)
    done = callers.imattr("alice", "get", "abc")
    checks.equal("a wrong key: imattr exits with 1", done.returncode, 1)
    said = callers.imattr("root", "doctor")
    checks.equal("imattr doctor finds it", lacking(said.stdout + said.stderr), [])
    expect_peace(checks, upstream, begin, before)
    write_private(CREDENTIAL, key)
    daemon = show(SERVICE, "MainPID")
    systemctl("restart", SIGNER)
    wait_until(lambda: callers.get_attrs() == "answered", "an answer with the right key", seconds=5)
    checks.equal("with the right key and a restart of the signer it serves at once", show(SERVICE, "MainPID"), daemon)


def expect_told(checks, since):
    """Each place says which code it is, and what to do."""
    wait_until(lambda: callers.status()["state"] == "degraded", "the state")
    # With that call, not with the next one, which is a probe.
    wait_until(lambda: not lacking(show(SERVICE, "StatusText")), "the service's status", seconds=PROBE_SECONDS / 2)
    must("journalctl", "--sync")
    journal = must("journalctl", "--no-pager", "--output=cat", f"--unit={SERVICE}", f"--since=@{since:.6f}")
    status = json.dumps(callers.status())
    for place, text in {"getStatus": status, "StatusText": show(SERVICE, "StatusText"), "the journal": journal}.items():
        why = f"no {lacking(text)} in: {text}" if lacking(text) else None
        checks.expect(f"a wrong key: {place} has the code, and says what to do", why)
    checks.expect("a wrong key: it is shown nowhere", "it is" if WRONG_KEY in journal + status else None)


def lacking(text):
    """What a text has not of the code and of what to do."""
    return [words for words in [str(WRONG_KEY_CODE), "fix the secret key", "restart imattrd"] if words not in text]


def expect_peace(checks, upstream, begin, before):
    """Callers ask all the time: one call at first, and one more after 30 s, as a probe."""
    asked = 0
    while time.monotonic() < begin + PROBE_SECONDS - 2:
        asked += callers.get_attrs() == WRONG_KEY_CODE
    checks.equal(f"the upstream has seen one call in {PROBE_SECONDS - 2} s", upstream.report()["calls"] - before, 1)
    checks.expect("in which callers asked all the time", None if asked > 50 else f"{asked} got the code")
    while time.monotonic() < begin + PROBE_SECONDS + 3:
        callers.get_attrs()
    checks.equal("and then one more", upstream.report()["calls"] - before, 2)


def encrypted(checks, key):
    """systemd-creds with the host's key, and the drop-in that the unit's comment describes."""
    must("systemd-creds", "setup")
    ENCRYPTED.parent.mkdir(mode=0o700, exist_ok=True)
    command = ["systemd-creds", "encrypt", "--with-key=host", f"--name={CREDENTIAL.name}", "-", str(ENCRYPTED)]
    must(*command, input=key)
    CREDENTIAL.unlink()
    DROP_IN.parent.mkdir()
    DROP_IN.write_text(f"[Service]\nLoadCredential=\nLoadCredentialEncrypted={CREDENTIAL.name}\n")
    systemctl("daemon-reload")
    systemctl("restart", SIGNER)
    systemctl("restart", SERVICE)
    checks.equal("with an encrypted key it serves", callers.get_attrs("alice"), "answered")
    signer.checked_online(checks, "with an encrypted key")
    places = ["/etc", "/var", "/usr/lib/systemd"]
    found = run("grep", "--recursive", "--files-with-matches", "--fixed-strings", key, *places)
    instances = {str(path) for path in CREDENTIAL.parent.glob("imattrd.*.secret-key")}
    plain = set(found.stdout.split()) - instances
    checks.equal("the key is in no file on the disk", plain, set())
    DROP_IN.unlink()
    DROP_IN.parent.rmdir()
    os.unlink("/var/lib/systemd/credential.secret")
    # With both files there, systemd 257 hands over the encrypted text as the key.
    ENCRYPTED.unlink()
    # One of an instance, for the purge.
    ENCRYPTED.with_name("imattrd.third.secret-key").write_text("encrypted\n")
    write_private(CREDENTIAL, key)
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    checks.equal("with a plain key again, too", callers.get_attrs("alice"), "answered")
