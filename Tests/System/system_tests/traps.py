"""What systemd, or an operator's drop-in, can do to a daemon that is not prepared for it."""

import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import clients
from .machine import show, systemctl, wait_until
from .units import CONFIGURATION, MISCONFIGURED, SERVICE, SOCKET
from .upstream import write_configuration

FIRST_DESCRIPTOR = 3


def hand_over(checks, folder):
    """Descriptors that are not what they must be: refused with a sentence, never served, never guessed at."""
    with ExitStack() as sockets:
        first = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "a.sock"))
        second = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "b.sock"))
        private = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "private.sock"))
        (folder / "private.sock").chmod(0o600)
        idle = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "idle.sock", listen=False))
        datagrams = sockets.enter_context(bound(socket.SOCK_DGRAM, folder / "d.sock"))
        abstract = sockets.enter_context(bound(socket.SOCK_STREAM, "\0imattrd"))
        tcp = sockets.enter_context(socket.create_server(("", 0)))
        refused = {
            "a datagram socket": ([datagrams], "rpc", "not a listening Unix stream socket"),
            "a socket that does not listen": ([idle], "rpc", "not a listening Unix stream socket"),
            "a TCP socket": ([tcp], "rpc", "not a listening Unix stream socket"),
            "an abstract socket": ([abstract], "rpc", "has no path"),
            "two of them": ([first, second], "rpc:rpc", "two sockets named rpc"),
            "two of a container": ([first, second], "rpc-web:rpc-web", "two sockets named rpc-web"),
            "a name that is none": ([first, second], "rpc:rpc-Web", "rpc-Web is no name of a socket"),
            "two without a name": ([first, second], "unknown:unknown", "FileDescriptorName=rpc"),
            "an unknown name": ([first, second], "rpc:other", "FileDescriptorName=rpc"),
            "metrics for everybody": ([first, tcp], "rpc:metrics", "127.0.0.1"),
            "administrators' for others": ([first, second], "rpc:admin", "can be used by others than root"),
            "two for administrators": ([first, private, private], "rpc:admin:admin", "two sockets named admin"),
            "only metrics": ([first], "metrics", "no socket named rpc"),
        }
        for name, (handed, names, complaint) in refused.items():
            with handed_over(handed, names) as daemon:
                said = said_until(daemon, complaint)
                checks.expect(f"handed over, {name}: the reason is logged", None if complaint in said else said)
                checks.equal(f"handed over, {name}: the daemon stays", daemon.poll(), None)
                if "rpc" in names and handed[0] is first:
                    found = clients.get_attrs(folder / "a.sock")
                    checks.equal(f"handed over, {name}: callers are answered", found, MISCONFIGURED)
        with handed_over([first], "rpc", to_another=True) as daemon:
            said = said_until(daemon, "no socket")
            checks.expect("handed over to another process: refused", None if daemon.wait(30) == 64 else said)


def said_until(daemon, complaint):
    """What a daemon logs until the complaint is in it, or it ends."""
    said = ""
    os.set_blocking(daemon.stderr.fileno(), False)

    def has_said():
        nonlocal said
        said += daemon.stderr.read() or ""
        return complaint in said or daemon.poll() is not None

    wait_until(has_said, "a daemon to say what is wrong")
    return said


@contextmanager
def bound(kind, path, listen=True):
    with socket.socket(socket.AF_UNIX, kind) as it:
        it.bind(str(path))
        if listen and kind == socket.SOCK_STREAM:
            it.listen()
        yield it


@contextmanager
def handed_over(sockets, names, to_another=False):
    """A daemon that gets these sockets as systemd hands them over."""

    def arrange():
        # First out of the way of each other.
        copies = [os.dup(it.fileno()) for it in sockets]
        for place, copy in enumerate(copies, FIRST_DESCRIPTOR):
            os.dup2(copy, place)

    places = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + len(sockets))
    pid = "1" if to_another else "$$"
    script = f"LISTEN_PID={pid} LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names} exec imattrd"
    daemon = subprocess.Popen(
        ["sh", "-c", script], preexec_fn=arrange, pass_fds=places, stderr=subprocess.PIPE, text=True
    )
    try:
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stderr.close()


def drop_ins(checks, upstream):
    """A setting that hides who calls, and the limits of the shipped unit."""
    write_configuration(CONFIGURATION, **upstream.keys, allow=["user:alice"])
    folder = Path(f"/run/systemd/system/{SERVICE}.d")
    folder.mkdir(parents=True)
    (folder / "users.conf").write_text("[Service]\nPrivateUsers=yes\n")
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    checks.equal("with PrivateUsers=yes and allow no caller is served", clients.get_attrs(SOCKET), MISCONFIGURED)
    text = show(SERVICE, "StatusText")
    checks.expect("and the status names it", None if "PrivateUsers" in text else text)
    (folder / "users.conf").unlink()
    folder.rmdir()
    systemctl("daemon-reload")
    systemctl("restart", SERVICE)
    checks.equal("without it alice is, by her own uid", clients.get_attrs(SOCKET, "alice"), "answered")
    limits = (Path("/proc") / show(SERVICE, "MainPID") / "limits").read_text()
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    checks.equal("it may open as many files as the unit says", (soft, hard), ("16384", "16384"))
