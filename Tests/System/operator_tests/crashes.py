"""A crash leaves nothing of the memory anywhere: no core, no registers, no key. And no other process reads it."""

import os
import signal
import time
from pathlib import Path

from system_tests.canary import expect_no_reader
from system_tests.machine import must, run, show
from system_tests.units import SERVICE

from . import callers
from .failures import main_pid, replaced

# Words of Swift's and of the C library's reports.
REPORT = ["Registers:", "Thread 0", "Backtrace", "Crashed:", " rip", " rax", "Stack trace", "stack smashing"]


def leave_nothing(checks, key):
    checks.equal("before a crash it serves", callers.get_attrs(), "answered")
    expect_no_reader(checks, Path("/proc") / show(SERVICE, "MainPID"))
    marker = Path("/srv/before-the-crashes")
    marker.touch()
    since = time.time()
    for number in [signal.SIGSEGV, signal.SIGABRT, signal.SIGILL]:
        pid = main_pid()
        os.kill(pid, number)
        replaced(pid)
        checks.equal(f"after {number.name} it serves", callers.get_attrs(), "answered")
    must("journalctl", "--sync")
    said = must("journalctl", "--no-pager", "--output=cat", f"--since=@{since:.6f}")
    ends = said.count("Main process exited, code=killed")
    checks.equal("three crashes, none with a core", (ends, said.count("code=dumped")), (3, 0))
    found = must("find", "/", "-xdev", "-newer", str(marker), "-type", "f", "-iname", "*core*")
    checks.equal("no core is on the disk", found, "")
    shown = [word for word in [*REPORT, key[:16]] if word in said]
    checks.equal("the journal has no registers, no memory and no key", shown, [])
    expect_off_the_disk(checks, key)


def expect_off_the_disk(checks, key):
    """The key is where the operator has put it, and nowhere else."""
    places = ["/etc", "/var", "/tmp", "/dev/shm", "/usr/lib/systemd", "/run/systemd/system"]
    found = run("grep", "--recursive", "--files-with-matches", "--fixed-strings", "--binary-files=text", key, *places)
    others = [path for path in found.stdout.split() if not path.startswith("/etc/credstore/imattrd.")]
    checks.equal("no file has the key but the operator's", others, [])
