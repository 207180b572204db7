"""Single things that a confined process may want to do. An OSError says that it may not."""

import ctypes
import errno
import mmap
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

PROBE = Path("/opt/probe")
libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWUTS, CLONE_NEWUSER, CLONE_NEWNET = 0x04000000, 0x10000000, 0x40000000
# The numbers of calls that libc does not have, or does not make without looking at their arguments.
KEYCTL, CLOCK_SETTIME = {"x86_64": (250, 227), "aarch64": (219, 112)}[platform.machine()]
KEYCTL_GET_ID, KEYCTL_READ, SESSION_KEYRING, USER_KEYRING = 0, 11, -3, -4
PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN = 47, 1, 0
ADDR_NO_RANDOMIZE = 0x0040000
NOBODY = 65534


def libc_call(function, *arguments):
    """Calls what sets errno."""
    value = getattr(libc, function)(*arguments)
    if value == -1:
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")
    return value


def unless(code, function, *arguments):
    """Calls with arguments that cannot be meant: this error comes if the call as such is allowed."""
    try:
        libc_call(function, *arguments)
    except OSError as error:
        if error.errno != code:
            raise


def deny_unless(condition, why):
    if not condition:
        raise PermissionError(why)


def creates(folder):
    def attempt():
        path = Path(folder) / f"imattrd-probe-{os.getpid()}"
        path.write_text("")
        path.unlink()

    return attempt


def reads(path):
    return lambda: deny_unless(Path(path).read_bytes(), f"{path} is empty")


def finds(path):
    return lambda: deny_unless(os.stat(path), "")


def executes_in(folder):
    """Copies a program there, and runs it."""

    def attempt():
        path = Path(folder) / f"imattrd-probe-{os.getpid()}"
        shutil.copyfile("/usr/bin/true", path)
        try:
            path.chmod(0o700)
            subprocess.run([path], check=True)
        finally:
            path.unlink()

    return attempt


def changes_owner():
    with tempfile.NamedTemporaryFile() as file:
        os.chown(file.name, NOBODY, -1)


def makes_file_for_all():
    with tempfile.TemporaryDirectory() as folder:
        descriptor = os.open(f"{folder}/file", os.O_CREAT | os.O_WRONLY, 0o777)
        deny_unless(os.fstat(descriptor).st_mode & 0o177, "only the owner has rights")


def opens_many():
    """16,385 files and more."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for _ in range(16385):
        os.dup(0)


def may_have_core():
    deny_unless(resource.getrlimit(resource.RLIMIT_CORE)[1], "its limit is 0")


def holds_capability():
    deny_unless(libc_call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), "it has none")


def becomes_root():
    """By a program with the setuid bit."""
    found = subprocess.run([PROBE / "id-setuid", "-u"], capture_output=True, text=True)
    deny_unless(found.stdout == "0\n", f"uid {found.stdout.strip()} {found.stderr.strip()}")


def finds_user_keyring():
    user = libc_call("syscall", KEYCTL, KEYCTL_GET_ID, USER_KEYRING, 1)
    ids = (ctypes.c_int32 * 256)()
    size = libc_call("syscall", KEYCTL, KEYCTL_READ, SESSION_KEYRING, ids, ctypes.sizeof(ids))
    deny_unless(user in list(ids)[: size // 4], "it is not in the session's keyring")


def opens_unknown_device():
    """No driver has its number, so that ENXIO comes from behind the rules on devices."""
    try:
        os.close(os.open(PROBE / "device", os.O_RDONLY))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise


def stands_among_mounts_of_all():
    first = (PROBE / "mounts-of-pid-1").read_text()
    deny_unless(os.readlink("/proc/self/ns/mnt") == first, "another mount namespace")


def sees_kernel_log():
    deny_unless(os.stat("/proc/kmsg").st_mode & 0o400, "its owner may not read it")


def makes_cgroup():
    path = Path(f"/sys/fs/cgroup/imattrd-probe-{os.getpid()}")
    path.mkdir()
    path.rmdir()


def leaves_shared_memory():
    path = f"/dev/shm/imattrd-probe-{os.getpid()}"
    Path(path).write_text("left")
    return f"left {path}"


def opens_socket(family, kind):
    return lambda: socket.socket(family, kind).close()


def unshares(flag):
    return lambda: libc_call("unshare", flag)


def asks_for_realtime():
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def sets_setuid_bit():
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0o4755)


def changes_personality():
    """Turns off the random places of memory."""
    libc_call("personality", ctypes.c_ulong(ADDR_NO_RANDOMIZE))


def maps_writable_and_executable():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def makes_written_memory_executable():
    memory = mmap.mmap(-1, 4096)
    memory.write(b"\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc_call("mprotect", ctypes.c_void_p(address), 4096, mmap.PROT_READ | mmap.PROT_EXEC)


def calls_in_32_bits():
    """A program that does nothing but exit(42) by the 32-bit call."""
    done = subprocess.run([PROBE / "call32"])
    deny_unless(done.returncode == 42, f"ended with {done.returncode}")


def is_killed_for_a_call():
    """The other way round: a filtered call has to end in an error, not in a death."""
    child = os.fork()
    if child == 0:
        libc.ptrace(0, 0, None, None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    deny_unless(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS, "it lives")
