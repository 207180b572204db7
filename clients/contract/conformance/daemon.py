"""A real imattrd with a sandbox behind it, in a temporary folder."""

import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .processes import Child, clean_environment

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds until a program is ready; a debug build on a busy machine is slow


class StartFailure(Exception):
    """A program that did not become ready, with what it said."""


def programs():
    """The folder of the built programs: IMATTR_BIN, else where `swift build` puts them."""
    given = os.environ.get("IMATTR_BIN")
    if given:
        return Path(given)
    command = ["swift", "build", "--package-path", str(REPOSITORY), "--show-bin-path"]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def program(name):
    path = programs() / name
    if not os.access(path, os.X_OK):
        raise StartFailure(f"{path} is missing: swift build, or set IMATTR_BIN to the folder of the built programs")
    return path


class Folder:
    """A folder of ours alone, short enough for a socket in it; a context."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="contract."))
        if len(bytes(self.path)) > 80:
            self.path.rmdir()
            raise StartFailure(f"{self.path.parent} is too long for a socket in it: set TMPDIR to a shorter folder")

    def __truediv__(self, name):
        return self.path / name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Sandbox:
    """A running imattr-sandbox; a context."""

    def __init__(self, folder, options=()):
        self.log = folder / "sandbox.log"
        with open(self.log, "wb") as log:
            self.child = Child(
                [program("imattr-sandbox"), "serve", *options],
                clean_environment(TMPDIR=str(folder.path)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        # Its first line says that it listens, and where.
        ready, _, _ = select.select([self.child.process.stdout], [], [], PATIENCE)
        line = self.child.process.stdout.readline() if ready else b""
        if not line:
            self.child.kill()
            raise StartFailure(f"imattr-sandbox did not start:\n{self.log.read_text()}")
        self.ready = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stop()
        self.child.kill()
        self.child.process.stdout.close()


class Daemon:
    """An imattrd for a sandbox, on a socket of its own or on one that is handed over; a context.

    It can be stopped and started again any number of times.
    """

    def __init__(self, folder, sandbox, options=(), listener=None):
        """`listener`: a listening socket that each new process inherits, as under systemd."""
        self.folder = folder
        self.listener = listener
        self.path = listener.getsockname() if listener else str(folder / "imattrd.sock")
        self.log = folder / "imattrd.log"
        ready = sandbox.ready
        configuration = {
            "sdkAppId": ready["sdkAppId"],
            "admin": ready["admin"],
            "secretKeyFile": ready["secretKeyFile"],
            "upstreamUrl": ready["url"],
            "upstreamCaFile": ready["caFile"],
        }
        (folder / "config.yaml").write_text(json.dumps(configuration))  # YAML, as every JSON is
        self.options = [str(option) for option in options]
        self.child = None
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(folder / "notify"))

    def start(self):
        """Starts it, and returns when it says that it is ready."""
        self.launch()
        deadline = time.monotonic() + PATIENCE
        while not self._says_ready():
            if self.child.ended() or time.monotonic() > deadline:
                status = self.child.kill()
                raise StartFailure(f"imattrd did not start (status {status}):\n{self.log.read_text()}")
        return self

    def launch(self):
        """Starts it, and does not wait: whoever connects to a socket that was handed over is waited with."""
        while select.select([self.notified], [], [], 0)[0]:
            self.notified.recv(65536)  # said by an earlier process
        command = [program("imattrd"), "--config", self.folder / "config.yaml", *self.options]
        changes = {"NOTIFY_SOCKET": str(self.folder / "notify")}
        descriptors = ()
        if self.listener:
            # LISTEN_PID must be that of imattrd, so it is the shell itself that becomes imattrd.
            command = ["/bin/sh", "-c", f'exec 3<&{self.listener.fileno()}; LISTEN_PID=$$ exec "$@"', "sh", *command]
            changes.update(LISTEN_FDS="1", LISTEN_FDNAMES="rpc")
            descriptors = (self.listener.fileno(),)
        else:
            command += ["--socket", self.path]
        with open(self.log, "ab") as log:
            self.child = Child(
                command,
                clean_environment(**changes),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
            )

    def _says_ready(self):
        readable, _, _ = select.select([self.notified], [], [], 0.1)
        return bool(readable) and b"READY=1" in self.notified.recv(65536).split(b"\n")

    def __enter__(self):
        return self.start() if self.child is None else self

    def __exit__(self, *_):
        if self.child:
            self.child.stop()
            self.child.kill()
        self.notified.close()


def listening_socket(path):
    """A socket to hand over, open to us alone."""
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(4096)
    return listener
