"""Looks for the key, and for every UserSig made from it, wherever a running daemon could leave them."""

import json
import os
import re
from pathlib import Path

from . import clients
from .machine import must, run, show, systemctl
from .units import CONFIGURATION, SERVICE, SIGNER, SOCKET
from .upstream import SECRET, write_configuration

# A UserSig is a zlib stream in the vendor's base64, which begins so; no other long word here does.
USERSIG = re.compile(rb"eJ[A-Za-z0-9*_-]{60,}")
# Long enough to be no accident, short enough to find a key that was cut.
KEY_PART = SECRET[:16].encode()


def stays_inside(checks, upstream):
    """The daemon says all that it can say, and has its configuration read again; then everything is looked at."""
    write_configuration(CONFIGURATION, **upstream.keys, audit="accounts", logLevel="trace")
    systemctl("restart", SERVICE)
    said = [json.dumps(clients.call(SOCKET, "getAttrs", {"To_Account": ["abc"]}))]
    systemctl("reload", SERVICE)
    for method in ["getAttrs", "getStatus", "getMetrics", "rpc.discover", "no.such"]:
        said.append(json.dumps(clients.call(SOCKET, method, {"To_Account": ["abc"]} if method == "getAttrs" else None)))
    must("journalctl", "--sync")
    process = Path("/proc") / show(SERVICE, "MainPID")
    places = {
        "an answer": "\n".join(said).encode(),
        "the journal": must("journalctl", "--no-pager", "--output=export", "--all").encode(),
        "a bug report": must("imattr", "bugreport").encode(),
        "systemctl show": must("systemctl", "show", SERVICE).encode(),
        "the command line": (process / "cmdline").read_bytes(),
        "the environment": (process / "environ").read_bytes(),
        "the memory file of the slots": slots_file(process),
        "temporary files": b"".join(temporary_files(process / "root")),
    }
    for place, content in places.items():
        for what, found in {"key": KEY_PART in content, "UserSig": USERSIG.search(content)}.items():
            checks.expect(f"no {what} in {place}", f"it is there: {found}" if found else None)
    signer = Path("/proc") / show(SIGNER, "MainPID")
    expect_nowhere(checks, process)
    expect_one_place(checks, signer)
    for each in [process, signer]:
        expect_no_reader(checks, each)


def slots_file(process):
    """What the service manager keeps for the next process."""
    for link in (process / "fd").iterdir():
        if "imattrd-slots" in os.readlink(link):
            return link.read_bytes()
    raise RuntimeError("the daemon has no memory file")


def temporary_files(root):
    for folder in ["tmp", "var/tmp", "dev/shm"]:
        for file in (root / folder).rglob("*"):
            if file.is_file() and not file.is_symlink():
                yield file.read_bytes()


def parts_of(key):
    """All that the key could be found by: each eight bytes of it, and the blocks that an HMAC makes of it."""
    block = key.ljust(64, b"\0")
    pads = [bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C)]
    return {key, *(key[start : start + 8] for start in range(len(key) - 7)), *(pad[:16] for pad in pads)}


def expect_nowhere(checks, process, key=SECRET):
    """The daemon has a UserSig in its memory, and nothing of the key."""
    memory = [content for content, _ in written_memory(process)]
    control = any(USERSIG.search(content) for content in memory)
    checks.expect("there is a UserSig in the daemon's memory", None if control else "none was found")
    found = [part for part in parts_of(key.encode()) if any(part in content for content in memory)]
    checks.equal("there is nothing of the key in the daemon's memory", found, [])


def expect_one_place(checks, process, key=SECRET):
    """In the signer's whole memory the key is found once; where it is never swapped out."""
    memory = list(written_memory(process))
    key = key.encode()
    found = [(flags, content.count(key)) for content, flags in memory if key in content]
    checks.equal("the key is in one place of the signer's memory", sum(count for _, count in found), 1)
    locked = [flags for flags, _ in found if "lo" in flags and "dd" in flags]
    checks.equal("that place is locked, and in no core", len(locked), len(found))


def written_memory(process):
    """(content, flags) of each mapping that can be written."""
    with open(process / "mem", "rb", buffering=0) as memory:
        for (start, end), flags in mappings(process):
            memory.seek(start)
            try:
                yield memory.read(end - start), flags
            except OSError:
                continue  # no memory behind it, as for a guard page


def mappings(process):
    """((start, end), flags) of each."""
    bounds = None
    for line in (process / "smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line):
            bounds = int(head[1], 16), int(head[2], 16)
        elif line.startswith("VmFlags:") and bounds:
            yield bounds, line.split()[1:]
            bounds = None


def expect_no_reader(checks, process):
    """Another process of the daemon's own user."""
    real = next(line.split()[1] for line in (process / "status").read_text().splitlines() if line.startswith("Uid:"))
    as_daemon = ["setpriv", f"--reuid={real}", "--clear-groups"]
    for file in ["mem", "environ", "maps"]:
        done = run(*as_daemon, "head", "-c", "1", str(process / file))
        why = None if done.returncode and "ermission denied" in done.stderr else f"{done.returncode} {done.stderr}"
        checks.expect(f"a process of the same user cannot read its {file}", why)
