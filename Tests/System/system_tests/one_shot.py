"""A shell pipe gets its answer, however the daemon came by its socket, though the upstream takes two seconds."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import clients
from .machine import wait_until
from .upstream import SECRET, write_configuration

DELAY_MS = 2000
OWN_THREADS = {"imattrd", "imattrd-log", "imattrd-notify"}
WANTED = {"UserAttrs": [{"To_Account": "abc", "Attrs": {}}], "missing": []}


def complaint_about(output, complaint):
    """What is wrong with the output of a one-shot client, if anything."""
    try:
        lines = [json.loads(line) for line in output.splitlines()]
    except ValueError as error:
        return f"{error} in {output!r}"
    if len(lines) != 1 or lines[0].get("result") != WANTED or lines[0].get("id") != 1:
        return f"{output!r} {complaint.strip()!r}"
    return None


def expect_answers(checks, where, path, user="root"):
    """All three clients get the example's answer, which is worth nothing if the upstream was not slow."""
    begin = time.monotonic()
    answers = clients.every_client(path, user)
    elapsed = time.monotonic() - begin
    for client, answer in answers.items():
        checks.expect(f"{where}: {client} is answered", complaint_about(*answer))
    late = elapsed >= DELAY_MS / 1000
    checks.expect(f"{where}: the answers took the upstream's {DELAY_MS} ms", None if late else f"{elapsed:.2f} s")


def lasting_threads(pid):
    """The names of the threads of imattrd that should not be there for good: Swift's own would wake up once a second.

    Not among them are the main thread, which waits for signals, the event loop, the one that has read the certificates, and those
    that write the log and tell the service manager, which sleep as long as there is nothing to do.
    Whatever looks up the upstream's name has a thread for that, which ends a few seconds later.
    """
    names = sorted(task.read_text().strip() for task in Path(f"/proc/{pid}/task").glob("*/comm"))
    return [name for name in names if name not in OWN_THREADS and not name.startswith(("NIO-ELT-", "SGLTN-TP-"))]


def own_socket(checks, upstream, folder):
    """imattrd --socket PATH."""
    path = folder / "own.sock"
    configuration = write_configuration(
        folder / "own.yaml", secretKeyFile=str(upstream.secret_file), **upstream.keys
    )
    log = folder / "own.log"
    with log.open("w") as standard_error:
        daemon = subprocess.Popen(
            ["imattrd", "--socket", str(path), "--config", str(configuration)], stderr=standard_error
        )
    try:
        wait_until(lambda: path.exists() or daemon.poll() is not None, "the socket of imattrd --socket")
        checks.equal("imattrd --socket runs", daemon.poll(), None)
        expect_answers(checks, "imattrd --socket", path)
        wait_until(lambda: not lasting_threads(daemon.pid), "imattrd to have no threads but its own and NIO's")
        checks.equal("imattrd has no threads but its own and NIO's", lasting_threads(daemon.pid), [])
        daemon.terminate()
        checks.equal("imattrd --socket ends with 0 when asked to stop", daemon.wait(30), 0)
        checks.equal("imattrd --socket leaves no socket behind", path.exists(), False)
        checks.expect("imattrd --socket does not log the key", "it does" if SECRET in log.read_text() else None)
    finally:
        daemon.kill()
        daemon.wait()


def log_level(checks, upstream, folder):
    """A level holds for what is logged at the start and at the stop, too, also one that a reload has brought."""
    path, log, configuration = folder / "level.sock", folder / "level.log", folder / "level.yaml"

    def write(level):
        write_configuration(configuration, secretKeyFile=str(upstream.secret_file), logLevel=level, **upstream.keys)

    def run(first, second=None):
        write(first)
        with log.open("w") as standard_error:
            daemon = subprocess.Popen(
                ["imattrd", "--socket", str(path), "--config", str(configuration)], stderr=standard_error)
        try:
            wait_until(lambda: path.exists() or daemon.poll() is not None, "the socket of imattrd --socket")
            if second:
                # The socket is there before the configuration is read, and an answer after it.
                clients.call(path, "ping")
                wait_until(lambda: first == "error" or "started" in log.read_text(), "the line of the start")
                write(second)
                daemon.send_signal(signal.SIGHUP)
                wait_until(
                    lambda: clients.call(path, "getStatus")["result"].get("lastReload"), "the end of a reload")
            daemon.terminate()
            status = daemon.wait(30)
        finally:
            daemon.kill()
            daemon.wait()
            configuration.unlink()
        return status, log.read_text()

    checks.equal("logLevel: error logs neither start nor stop", run("error"), (0, ""))
    status, text = run("notice", "error")
    seen = ["started" in text, "stopped" in text, "stopping" in text]
    checks.equal("a level that is reloaded holds for the stop", (status, seen), (0, [True, False, False]))
    status, text = run("error", "notice")
    seen = ["started" in text, "reloaded" in text, "stopped" in text]
    checks.equal("and the other way round", (status, seen), (0, [False, True, True]))


def ends_by_signals(checks, folder, upstream):
    """A check that waits for an upstream that says nothing ends as any program does."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            keys = {**upstream.keys, "upstreamUrl": f"https://127.0.0.1:{silent.getsockname()[1]}"}
            configuration = write_configuration(
                folder / "silent.yaml", secretKeyFile=str(upstream.secret_file), upstreamTimeoutMs=60000, **keys
            )
            check = subprocess.Popen(
                ["imattrd", "--config", str(configuration), "--check", "--online"], stdout=subprocess.DEVNULL
            )
            silent.accept()
            check.send_signal(number)
            checks.equal(f"imattrd --check --online ends by {number.name}", check.wait(30), -number)


def socket_activate(checks, upstream, folder):
    """systemd-socket-activate, which has no rights, no sandbox and no manager behind it."""
    path = folder / "activated.sock"
    configuration = write_configuration(folder / "activated.yaml", **upstream.keys)
    credentials = folder / "credentials"
    credentials.mkdir()
    (credentials / "imattrd.secret-key").symlink_to(upstream.secret_file)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(folder / "notify"))
        notified.settimeout(30)
        environment = os.environ | {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "CREDENTIALS_DIRECTORY": str(credentials),
        }
        daemon = subprocess.Popen(
            ["systemd-socket-activate", "-l", str(path), "--fdname=rpc", "-E", "NOTIFY_SOCKET"]
            + ["-E", "CREDENTIALS_DIRECTORY", "imattrd", "--config", str(configuration)],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(path.exists, "the socket of systemd-socket-activate")
            expect_answers(checks, "systemd-socket-activate", path)
            daemon.terminate()
            checks.equal("systemd-socket-activate: imattrd ends with 0", daemon.wait(30), 0)
            messages = received(notified)
            checks.expect("systemd-socket-activate: READY=1 is sent", None if "READY=1" in messages else messages)
            checks.expect("systemd-socket-activate: STOPPING=1 is sent", None if "STOPPING=1" in messages else messages)
            checks.equal("systemd-socket-activate: imattrd leaves the inherited socket", path.exists(), True)
        finally:
            daemon.kill()
            daemon.wait()


def received(notified):
    """All lines that have been sent to a notification socket."""
    notified.setblocking(False)
    lines = []
    try:
        while True:
            lines += notified.recv(65536).decode().splitlines()
    except BlockingIOError:
        return lines
