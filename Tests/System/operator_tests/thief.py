"""One who has taken the daemon over: runs in its place, with all the settings of its unit, and takes what he can get.

Prints {attempt: outcome}; an outcome is `denied: WHY`, or what he got.
"""

import ctypes
import errno
import json
import os
import platform
import socket
import sys
from pathlib import Path

from . import acts
from .acts import PROBE

OWN = Path("/run/imattrd-signer/imattrd/signer.sock")
OTHER = Path("/run/imattrd-signer/second/signer.sock")
PTRACE_ATTACH = 16
PIDFD_OPEN, PIDFD_GETFD, PROCESS_VM_READV = {"x86_64": (434, 438, 310), "aarch64": (434, 438, 270)}[platform.machine()]
SIGN = {"jsonrpc": "2.0", "id": 1, "method": "sign"}


class Vector(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def signer_pid():
    return int((PROBE / "signer-pid").read_text())


def reads_memory():
    """By the system call that debuggers use."""
    buffer = ctypes.create_string_buffer(8)
    here, there = Vector(ctypes.addressof(buffer), 8), Vector(0x400000, 8)
    acts.libc_call(
        "syscall", PROCESS_VM_READV, signer_pid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0
    )


def takes_descriptor():
    descriptor = acts.libc_call("syscall", PIDFD_OPEN, signer_pid(), 0)
    acts.libc_call("syscall", PIDFD_GETFD, descriptor, 3, 0)


def credentials():
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    acts.deny_unless(folder, "there is no such folder")
    return os.listdir(folder)


def connects(path):
    def attempt():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))

    return attempt


def asks(line):
    """What the signer answers to a line; an error is a refusal."""

    def attempt():
        (answer,) = exchange(line, 1)
        acts.deny_unless("result" in answer, answer.get("error", {}).get("code"))
        return answer

    return attempt


def exchange(lines, count):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(OWN))
        connection.sendall(lines)
        file = connection.makefile("rb")
        return [json.loads(line) for line in (file.readline() for _ in range(count)) if line]


def line(**members):
    return json.dumps(SIGN | members).encode() + b"\n"


def signs(count):
    """The UserSigs that so many requests bring."""
    answers = exchange(line() * count, count)
    results = [answer["result"] for answer in answers]
    return sorted({(one["userSig"], one["issuedAt"], one["expiresAt"], one["sdkAppId"], one["admin"]) for one in results})


ATTEMPTS = {
    "find its own credentials": credentials,
    "read the key": acts.reads("/etc/credstore/imattrd.secret-key"),
    "read the instance's key": acts.reads("/etc/credstore/imattrd.second.secret-key"),
    "look into /etc/credstore": lambda: os.listdir("/etc/credstore"),
    "look into /etc/credstore.encrypted": lambda: os.listdir("/etc/credstore.encrypted"),
    "read the signer's credential": acts.reads("/run/credentials/imattrd-signer.service/imattrd.secret-key"),
    "read the instance's signer's credential": acts.reads(
        "/run/credentials/imattrd-signer@second.service/imattrd.secret-key"
    ),
    "see the instance's signer": acts.finds(OTHER.parent),
    "connect to the instance's signer": connects(OTHER),
    "connect to the administrators' socket": connects("/run/imattrd-admin/imattrd.sock"),
    "see the signer's process": lambda: os.listdir(f"/proc/{signer_pid()}"),
    **{
        f"read the signer's {name}": lambda name=name: (Path("/proc") / str(signer_pid()) / name).read_bytes()
        for name in ["mem", "maps", "environ", "fd/3"]
    },
    "trace the signer": lambda: acts.libc_call("ptrace", PTRACE_ATTACH, signer_pid(), None, None),
    "read the signer's memory": reads_memory,
    "take a descriptor of the signer": takes_descriptor,
    "kill the signer": lambda: os.kill(signer_pid(), 0),
    "execute a file of his own in /tmp": acts.executes_in("/tmp"),
    "execute a file of his own in /dev/shm": acts.executes_in("/dev/shm"),
    "have another name signed": asks(line(params={"identifier": "another"})),
    "have another name signed by position": asks(line(params=["another", 99999999])),
    "have another time signed": asks(line(params={"expire": 15552000})),
    "have another app signed": asks(line(params={"sdkAppId": 1})),
    "put a name beside the method": asks(line(identifier="another")),
    "have the key named": asks(line(method="getKey")),
    "send many requests at once": asks(b"[" + line().strip() + b"," + line().strip() + b"]\n"),
    "send a long line": asks(b"x" * 100_000 + b"\n"),
    "send nonsense": asks(bytes(range(256)).replace(b"\n", b"") + b"\n"),
    "ask a thousand times": lambda: signs(1000),
}


def outcome(attempt):
    try:
        found = attempt()
    except OSError as error:
        return f"denied: {errno.errorcode.get(error.errno, error)}"
    except (ValueError, IndexError) as error:
        return f"denied: {error}"
    return found if found is not None else "allowed"


if __name__ == "__main__":
    json.dump({name: outcome(attempt) for name, attempt in ATTEMPTS.items()}, sys.stdout)
