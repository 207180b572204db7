"""Every line of imattrd.service that confines it, in force.

Each attempt is allowed in a unit without the line, and refused by the line alone, and by the whole unit.
"""

import json
import os
import re
import shutil
import struct
from pathlib import Path

from system_tests.machine import must, run, systemctl
from system_tests.units import SERVICE

from .acts import PROBE
from .attempts import ATTEMPTS

UNITS = Path("/usr/lib/systemd/system")
PROBE_UNITS = Path("/run/systemd/system")
OUTPUT = Path("/run/imattrd-probe")

# Where a file is to be out of sight.
FOLDERS = ["/root", "/home/somebody", "/tmp", "/var/tmp", "/usr/lib/modules"]

# What runs the service, and does not confine it. Environment= is tried by a crash.
OPERATION = {"Type", "NotifyAccess", "FileDescriptorStoreMax", "ExecStart", "ExecReload", "Restart", "RestartSec"}
OPERATION |= {"TimeoutStopSec", "WatchdogSec", "Environment"}
# What the confinement needs in order to leave what is wanted.
OPERATION |= {"Group", "BindReadOnlyPaths", "ExecPaths"}

# Of these, what an attempt can bear.
PASSIVE = {"Environment", "Group", "BindReadOnlyPaths", "ExecPaths"}

# What the box cannot show, and why.
NOT_HERE = dict.fromkeys(["MemoryMax", "MemorySwapMax"], "the box has no memory controller")

# What an instance has of its own.
OF_INSTANCES = {"ExecStart", "ExecReload", "Environment", "BindReadOnlyPaths", "User"}


def lines_of(unit):
    """[(key, line)] of the [Service] section."""
    section = re.search(r"^\[Service\]$(.*?)^\[", (UNITS / unit).read_text(), re.MULTILINE | re.DOTALL)[1]
    return [(line.split("=")[0], line) for line in section.splitlines() if line and not line.startswith("#")]


def in_force(checks):
    lines = lines_of(SERVICE)
    keys = {key for key, _ in lines} - OPERATION
    checks.equal("each line that confines has an attempt", sorted(keys - ATTEMPTS.keys() - NOT_HERE.keys()), [])
    checks.equal("each attempt has a line", sorted((ATTEMPTS.keys() | NOT_HERE.keys()) - keys), [])
    instances = [line for key, line in lines_of("imattrd@.service") if key not in OF_INSTANCES]
    checks.equal("instances have the same lines", instances, [line for key, line in lines if key not in OF_INSTANCES])
    prepare()
    try:
        expect_all_stopped(checks, lines, sorted(keys - not_here().keys()))
    finally:
        clear()


def not_here():
    """What cannot be shown, with the reason."""
    found = dict(NOT_HERE)
    if runs_32_bits() != 42:
        found["SystemCallArchitectures"] = "this kernel runs no 32-bit programs of Intel's"
    for key, why in found.items():
        print(f"# not tried: {key}, since {why}", flush=True)
    return found


def runs_32_bits():
    """What the program ends with where nothing confines it."""
    try:
        return run(str(PROBE / "call32")).returncode
    except OSError as error:
        return error.errno


def expect_all_stopped(checks, lines, keys):
    confined = [line for key, line in lines if key not in OPERATION or key in PASSIVE]
    whole = outcomes({"whole": ("all", confined)})["whole"]
    without = outcomes({f"without-{key}": (key, ATTEMPTS[key][0]) for key in keys})
    own = {key: ATTEMPTS[key][0] + [line for other, line in lines if other == key] for key in keys}
    only = outcomes({f"only-{key}": (key, own[key]) for key in keys})
    for key in keys:
        expect_stopped(checks, key, without[f"without-{key}"][key], only[f"only-{key}"][key], whole[key])


def expect_stopped(checks, key, without, only, whole):
    for name in ATTEMPTS[key][1]:
        faults = [] if without[name] == "allowed" else [f"without it {without[name]}"]
        for where, found in {"by it alone": only, "by the unit": whole}.items():
            if not found[name].startswith("denied"):
                faults.append(f"{where} {found[name]}")
        checks.expect(f"{key} stops an attempt to {name}", "; ".join(faults))


def outcomes(units):
    """Runs attempts in units, {name: (attempts, lines)}, side by side; {name: {key: {attempt: outcome}}}."""
    names = [write_unit(name, *what) for name, what in units.items()]
    systemctl("daemon-reload")
    run("systemctl", "start", *names)
    # A job ends before the manager removes what the unit has left, in the same turn of its loop; a question comes after that.
    run("systemctl", "is-active", *names)
    return {name: outcomes_of(name) for name in units}


def outcomes_of(name):
    """What a unit has found; what it has left behind is looked at after its end."""
    text = (OUTPUT / name).read_text()
    if not text:
        said = must("journalctl", "--no-pager", "--output=cat", f"--unit=imattrd-probe-{name}")
        raise RuntimeError(f"{name} has found nothing: {said}")
    return {key: {what: settled(found) for what, found in each.items()} for key, each in json.loads(text).items()}


def settled(outcome):
    if not outcome.startswith("left "):
        return outcome
    return "allowed" if Path(outcome.removeprefix("left ")).exists() else "denied: it was removed"


def write_unit(name, what, lines):
    """Writes a unit that makes attempts, and gives its name."""
    unit = f"imattrd-probe-{name}.service"
    command = f"/usr/bin/env PYTHONPATH=/opt/imattrd /usr/bin/python3 -B -m operator_tests.attempts {what}"
    own = ["[Service]", "Type=oneshot", f"StandardOutput=file:{OUTPUT / name}", f"ExecStart={command}"]
    # Python, and what the attempts start. Only where it is needed, since it takes the unit out of the mounts of all.
    if any(line.startswith("NoExecPaths=") for line in lines):
        own.append(f"ExecPaths=/usr/bin /usr/lib {PROBE}")
    (PROBE_UNITS / unit).write_text("\n".join([*own, *lines]) + "\n")
    return unit


def prepare():
    """What the attempts are to find."""
    OUTPUT.mkdir()
    for folder in FOLDERS:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "imattrd-probe").write_text("found")
    shutil.copy("/usr/bin/id", PROBE / "id-setuid")
    (PROBE / "id-setuid").chmod(0o4755)
    (PROBE / "call32").write_bytes(program_of_32_bits())
    (PROBE / "call32").chmod(0o755)
    (PROBE / "mounts-of-pid-1").write_text(os.readlink("/proc/1/ns/mnt"))


def program_of_32_bits():
    """An i386 program: mov eax, 1 (exit); mov ebx, 42; int 0x80."""
    code = bytes.fromhex("b801000000 bb2a000000 cd80 f4")
    start, size = 0x08048000, 84 + len(code)
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, start + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return head + struct.pack("<IIIIIIII", 1, 0, start, start, size, size, 5, 4096) + code


def clear():
    for unit in PROBE_UNITS.glob("imattrd-probe-*.service"):
        unit.unlink()
    run("systemctl", "reset-failed", "imattrd-probe-*")
    systemctl("daemon-reload")
    shutil.rmtree(OUTPUT)
    for folder in FOLDERS:
        (Path(folder) / "imattrd-probe").unlink()
    for folder in ["/home/somebody", "/usr/lib/modules"]:
        must("rmdir", "--ignore-fail-on-non-empty", folder)
