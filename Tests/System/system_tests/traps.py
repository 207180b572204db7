"""What systemd, or an operator's drop-in, can do to a daemon that is not prepared for it."""

import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import clients
from .machine import show, systemctl
from .units import CONFIGURATION, MISCONFIGURED, SERVICE, SOCKET
from .upstream import write_configuration

FIRST_DESCRIPTOR = 3


def hand_over(checks, folder):
    """Descriptors that are not what they must be: refused with a sentence, never served, never guessed at."""
    with ExitStack() as sockets:
        first = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "a.sock"))
        second = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "b.sock"))
        idle = sockets.enter_context(bound(socket.SOCK_STREAM, folder / "idle.sock", listen=False))
        datagrams = sockets.enter_context(bound(socket.SOCK_DGRAM, folder / "d.sock"))
        abstract = sockets.enter_context(bound(socket.SOCK_STREAM, "\0imattrd"))
        tcp = sockets.enter_context(socket.create_server(("", 0)))
        cases = {
            "a datagram socket": ([datagrams], "rpc", 69, "not a listening Unix stream socket"),
            "a socket that does not listen": ([idle], "rpc", 69, "not a listening Unix stream socket"),
            "a TCP socket": ([tcp], "rpc", 69, "not a listening Unix stream socket"),
            "an abstract socket": ([abstract], "rpc", 69, "has no path"),
            "two of them": ([first, second], "rpc:rpc", 69, "two sockets named rpc"),
            "two without a name": ([first, second], "unknown:unknown", 69, "FileDescriptorName=rpc"),
            "an unknown name": ([first, second], "rpc:other", 69, "FileDescriptorName=rpc"),
            "metrics for everybody": ([first, tcp], "rpc:metrics", 69, "127.0.0.1"),
            "only metrics": ([first], "metrics", 69, "no socket named rpc"),
            "another process's": ([first], "rpc", 64, "no socket"),
        }
        for name, (handed, names, code, complaint) in cases.items():
            found = handed_over(handed, names, to_another="another" in name)
            why = None if found.returncode == code and complaint in found.stderr else repr(found)
            checks.expect(f"handed over, {name}: refused", why)


@contextmanager
def bound(kind, path, listen=True):
    with socket.socket(socket.AF_UNIX, kind) as it:
        it.bind(str(path))
        if listen and kind == socket.SOCK_STREAM:
            it.listen()
        yield it


def handed_over(sockets, names, to_another):
    """What a daemon says that gets these sockets as systemd hands them over."""

    def arrange():
        # First out of the way of each other.
        copies = [os.dup(it.fileno()) for it in sockets]
        for place, copy in enumerate(copies, FIRST_DESCRIPTOR):
            os.dup2(copy, place)

    places = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + len(sockets))
    pid = "1" if to_another else "$$"
    script = f"LISTEN_PID={pid} LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names} exec imattrd"
    return subprocess.run(
        ["sh", "-c", script], preexec_fn=arrange, pass_fds=places, capture_output=True, text=True, timeout=30
    )


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
