"""An operator's whole story with the packages, and a short one without. Runs in the box of Tests/System/operator-tests.

With --short only the parts that show that the packages fit the system: what is not tried here is the same on each Debian.
"""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

from system_tests import administration, besieged, instance_metrics
from system_tests.checks import Checks
from system_tests.machine import must, run
from system_tests.upstream import SECRET

from . import by_hand, container, crashes, everyday, failures, hardening, keys, package, signer
from .sandbox import Sandbox

# Where the tree leaves out documentation; the packages are to be installed whole.
LEFT_OUT = Path("/etc/dpkg/dpkg.cfg.d/99mmdebstrap")


def main():
    if not Path("/run/in-systemd-box").exists():
        raise SystemExit("these checks change the machine they run on: start them with Tests/System/operator-tests")
    LEFT_OUT.unlink(missing_ok=True)
    must("systemd-sysusers", "--inline", *[f"u {user} -" for user in [*everyday.MEMBERS, everyday.OUTSIDER]])
    checks = Checks(explain=latest_journal)
    print(f"# {systemd_version()}")
    short = sys.argv[1:] == ["--short"]
    files, groups = package.files(), package.groups()
    with part(checks, "install"):
        package.install(checks)
    if checks.failed:
        print("# what is not installed cannot be tried")
        checks.finish()
    with Sandbox("upstream", SECRET) as upstream:
        with part(checks, "the first call"):
            everyday.first_call(checks, upstream, SECRET)
        with part(checks, "who may call"):
            everyday.who_may_call(checks, upstream)
        with part(checks, "notify-reload"):
            everyday.notify_reload(checks, upstream)
        with part(checks, "administration"):
            administration.reload_fails(checks, upstream)
            administration.commands(checks)
            administration.instances(checks, upstream)
        with part(checks, "administration under siege"):
            besieged.administrators_are_served(checks, upstream)
        with part(checks, "metrics of an instance"):
            instance_metrics.answered(checks, upstream)
        with part(checks, "an instance"):
            package.second_instance(checks, upstream, SECRET)
        with part(checks, "a new key"):
            keys.rotation(checks, upstream, SECRET)
        with part(checks, "a thief in the daemon's place"):
            signer.thief(checks, upstream, SECRET)
        with part(checks, "the signer comes and goes"):
            signer.comes_and_goes(checks, upstream, SECRET)
        if not short:
            long_story(checks, upstream)
            with part(checks, "to the signer and back"):
                package.signer_comes_and_goes(checks, upstream, SECRET)
        with part(checks, "upgrade"):
            package.upgrade(checks)
    if not short:
        kills_and_restarts(checks)
    with part(checks, "purge"):
        package.purge(checks, files, groups)
    if not short:
        with part(checks, "by hand"):
            by_hand.install(checks, everyday.MEMBERS[0], SECRET)
    checks.finish()


def long_story(checks, upstream):
    with part(checks, "a mistake in the configuration"):
        everyday.mistake(checks, upstream)
    with part(checks, "the key in memory"):
        signer.memory(checks, SECRET)
    with part(checks, "advice"):
        signer.advice(checks)
    with part(checks, "confinement"):
        hardening.in_force(checks)
    with part(checks, "crashes"):
        crashes.leave_nothing(checks, SECRET)
    with part(checks, "a wrong key"):
        keys.refused(checks, upstream, SECRET)
    with part(checks, "an encrypted key"):
        keys.encrypted(checks, SECRET)
    with part(checks, "watchdog"):
        failures.watchdog(checks, upstream)
    with part(checks, "idle exit"):
        everyday.idle_exit(checks, upstream)
    with part(checks, "a container"):
        container.runs(checks, upstream, SECRET)


def kills_and_restarts(checks):
    # Calls that the limit keeps waiting, and few enough of them for the machine's processors.
    with Sandbox("small", SECRET, rate_limit=20, delay_ms=20) as upstream:
        with part(checks, "kill -9"):
            failures.kills(checks, upstream)
        with part(checks, "restarts"):
            failures.restarts(checks, upstream)


def systemd_version():
    """The first line of `systemctl --version`."""
    return must("systemctl", "--version").splitlines()[0]


@contextmanager
def part(checks, name):
    """A group of checks, and how long it took."""
    begin = time.monotonic()
    with checks.group(name):
        yield
    print(f"# {time.monotonic() - begin:.1f} s", flush=True)


def latest_journal():
    """What the units last said."""
    return run("journalctl", "--no-pager", "--output=short-monotonic", "--lines=25", "--unit=imattrd*").stdout


main()
