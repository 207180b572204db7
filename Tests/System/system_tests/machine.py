"""Processes, files and systemd, as the checks need them."""

import subprocess
import time


def run(*command, **options):
    """Runs a command to its end; output as text."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def must(*command, **options):
    """Runs a command that has to succeed; its output without the last line break."""
    done = run(*command, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited {done.returncode}: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def wait_until(condition, what, seconds=30):
    """Polls until the condition holds; gives what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return found


def systemctl(*arguments):
    return must("systemctl", *arguments)


def show(unit, what):
    """One property of a unit."""
    return must("systemctl", "show", "--value", f"--property={what}", unit)


def owner_group_mode(path):
    return must("stat", "--format=%U:%G %a", str(path))


def as_user(user):
    """The words to put before a command that this user is to run, with all groups of the user."""
    return [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
