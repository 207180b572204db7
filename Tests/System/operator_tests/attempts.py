"""What a confined process may not do, tried by itself: for each line of the unit the attempts that it has to stop.

Runs as the only process of a unit: `attempts.py KEY`, or `attempts.py all`. Prints {key: {attempt: outcome}}. An
outcome is `allowed`, `denied: WHY`, or `left PATH` for what is seen only after the end of the unit.
"""

import errno
import json
import os
import socket
import sys
import traceback

from . import acts

# {key of the unit: (lines that have to be there, too, for the attempt to be allowed at all, {name: attempt})}
ATTEMPTS = {
    "DynamicUser": ([], {"read /etc/shadow": acts.reads("/etc/shadow")}),
    "UMask": ([], {"make a file for all": acts.makes_file_for_all}),
    "LimitNOFILE": ([], {"open 16,385 files": acts.opens_many}),
    "LimitCORE": (["LimitCORE=infinity"], {"have a core written": acts.may_have_core}),
    "CapabilityBoundingSet": ([], {"give a file away": acts.changes_owner}),
    "AmbientCapabilities": (
        ["User=alice", "AmbientCapabilities=CAP_CHOWN"],
        {"hold a capability": acts.holds_capability},
    ),
    "NoNewPrivileges": (["User=alice"], {"become root by a setuid program": acts.becomes_root}),
    "KeyringMode": (["KeyringMode=shared"], {"find the user's keyring": acts.finds_user_keyring}),
    "ProtectSystem": (
        [],
        {f"write to {folder}": acts.creates(folder) for folder in ["/usr", "/etc", "/var/lib", "/opt"]},
    ),
    "ProtectHome": (
        [],
        {f"read a file in {folder}": acts.reads(f"{folder}/imattrd-probe") for folder in ["/root", "/home/somebody"]},
    ),
    "PrivateTmp": (
        [],
        {f"read a file in {folder}": acts.reads(f"{folder}/imattrd-probe") for folder in ["/tmp", "/var/tmp"]},
    ),
    "TemporaryFileSystem": ([], {"find another instance's signer": acts.finds("/run/imattrd-signer/second")}),
    "NoExecPaths": ([], {f"execute a file of its own in {folder}": acts.executes_in(folder) for folder in ["/tmp", "/dev/shm"]}),
    "PrivateDevices": ([], {"find the console": acts.finds("/dev/console")}),
    "DevicePolicy": ([], {"open a device": acts.opens_unknown_device}),
    "PrivateMounts": ([], {"stand among the mounts of all": acts.stands_among_mounts_of_all}),
    "ProtectProc": (["User=alice"], {"see others' processes": acts.finds("/proc/1")}),
    "ProcSubset": ([], {f"read {path}": acts.reads(path) for path in ["/proc/meminfo", "/proc/sys/kernel/ostype"]}),
    "ProtectHostname": ([], {"set the host's name": lambda: socket.sethostname(socket.gethostname())}),
    "ProtectClock": ([], {"set the clock": lambda: acts.unless(errno.EFAULT, "syscall", acts.CLOCK_SETTIME, 0, None)}),
    "ProtectKernelTunables": ([], {"read /proc/kallsyms": acts.reads("/proc/kallsyms")}),
    "ProtectKernelModules": ([], {"read a module": acts.reads("/usr/lib/modules/imattrd-probe")}),
    "ProtectKernelLogs": ([], {"see the kernel's log": acts.sees_kernel_log}),
    "ProtectControlGroups": ([], {"make a control group": acts.makes_cgroup}),
    "RemoveIPC": (["User=alice"], {"leave shared memory": acts.leaves_shared_memory}),
    "RestrictAddressFamilies": (
        [],
        {
            "open a netlink socket": acts.opens_socket(socket.AF_NETLINK, socket.SOCK_RAW),
            "open a packet socket": acts.opens_socket(socket.AF_PACKET, socket.SOCK_RAW),
        },
    ),
    "RestrictNamespaces": (
        [],
        {
            "make a uts namespace": acts.unshares(acts.CLONE_NEWUTS),
            "make a user namespace": acts.unshares(acts.CLONE_NEWUSER),
            "make a net namespace": acts.unshares(acts.CLONE_NEWNET),
        },
    ),
    "RestrictRealtime": ([], {"ask for realtime": acts.asks_for_realtime}),
    "RestrictSUIDSGID": ([], {"set a setuid bit": acts.sets_setuid_bit}),
    "LockPersonality": ([], {"change its personality": acts.changes_personality}),
    "MemoryDenyWriteExecute": (
        [],
        {
            "map memory to write and execute": acts.maps_writable_and_executable,
            "execute what it has written": acts.makes_written_memory_executable,
        },
    ),
    "SystemCallArchitectures": ([], {"make a 32-bit call": acts.calls_in_32_bits}),
    "SystemCallFilter": (
        ["SystemCallErrorNumber=EPERM"],
        {
            "ptrace": lambda: acts.libc_call("ptrace", 0, 0, None, None),
            "mount": lambda: acts.unless(errno.ENOENT, "mount", b"none", b"/no/such/folder", b"tmpfs", 0, None),
            "chroot": lambda: os.chroot("/"),
            "set a priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
        },
    ),
    "SystemCallErrorNumber": (["SystemCallFilter=~ptrace"], {"be killed for a call": acts.is_killed_for_a_call}),
}


def outcome(attempt):
    """Of an attempt in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, (attempt() or "allowed").encode())
        except OSError as error:
            os.write(writing, f"denied: {error}".encode())
        except BaseException:
            os.write(writing, f"broken: {traceback.format_exc()}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    return text or f"broken: ended with status {status}"


def main():
    keys = ATTEMPTS if sys.argv[1] == "all" else [sys.argv[1]]
    found = {key: {name: outcome(attempt) for name, attempt in ATTEMPTS[key][1].items()} for key in keys}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
