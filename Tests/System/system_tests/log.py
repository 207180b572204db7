"""A log that cannot be written, and a service manager that does not read: the daemon serves and stops all the same."""

import json
import os
import re
import signal
import socket
import subprocess
from contextlib import contextmanager

from . import clients
from .machine import run, wait_until
from .upstream import write_configuration

REQUESTS = 3000
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trace|debug|info|notice|warning|error|critical): .")


def never_blocks(checks, upstream, folder):
    configuration = write_configuration(
        folder / "log.yaml", secretKeyFile=str(upstream.secret_file), audit="requests", **upstream.keys
    )
    command = ["imattrd", "--config", str(configuration), "--socket"]
    unread_pipe(checks, command, folder / "log-pipe.sock")
    unread_notices(checks, command, folder)
    full_file(checks, command, folder)
    closed_descriptors(checks, command, folder / "log-closed.sock")
    json_lines(checks, command, folder)
    unwritable_findings(checks, configuration)


@contextmanager
def daemon(checks, command, path, what, **options):
    """A daemon that has to end with 0 when asked to."""
    process = subprocess.Popen([*command, str(path)], **options)
    try:
        wait_until(lambda: path.exists() or process.poll() is not None, "the socket of imattrd")
        yield process
        process.terminate()
        checks.equal(f"{what}: it ends when asked to stop", process.wait(30), 0)
    finally:
        process.kill()
        process.wait()


def answered(path, requests):
    """How many of so many requests, each with an entry of the audit, are answered."""
    with clients.Connection(path) as caller:
        return sum("result" in caller.ask("getAttrs", {"To_Account": []}) for _ in range(requests))


def unread_pipe(checks, command, path):
    reading, writing = os.pipe()
    with daemon(checks, command, path, "standard error is a pipe that nobody reads", stderr=writing):
        os.close(writing)
        count = answered(path, REQUESTS)
        checks.equal("standard error is a pipe that nobody reads: every request is answered", count, REQUESTS)
        fill(path)
        text = b""
        while not reported(text):
            text += os.read(reading, 1 << 20)
        lines = text.decode().split("\n")[:-1]
        odd = [line for line in lines if not LINE.match(line)]
        checks.equal("standard error is a pipe that nobody reads: whole lines with the time come at last", odd[:3], [])
        fill(path)
    os.close(reading)


def fill(path):
    """Makes requests until entries are dropped."""
    before = dropped(path)
    while dropped(path) == before:
        answered(path, REQUESTS)


def dropped(path):
    text = run("imattr", "--socket", str(path), "metrics").stdout
    return int(re.search(r"^imattrd_log_entries_dropped_total (\d+)$", text, re.MULTILINE)[1])


def reported(text):
    return re.search(rb" warning: log entries were dropped, as they could not be written count=\d+\n", text)


def unread_notices(checks, command, folder):
    """Each reload is three notices, and the queue of the socket takes ten."""
    path, what = folder / "log-notices.sock", "a service manager that does not read"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "log-notify"))
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "log-notify"), "WATCHDOG_USEC": "1000000"}
        log = (folder / "log-notices.log").open("w+")
        with log, daemon(checks, command, path, what, env=environment, stderr=log) as process:
            for count in range(1, 21):
                process.send_signal(signal.SIGHUP)
                wait_until(lambda: (folder / "log-notices.log").read_text().count("configuration reloaded") >= count, "a reload")
            checks.equal(f"{what}: it serves", answered(path, 10), 10)
            manager.settimeout(30)
            notices = ""
            while "STOPPING" not in notices and not re.search(r"RELOADING=1\n(.*\n)*READY=1\nSTATUS=ready\n", notices):
                notices += manager.recv(65536).decode() + "\n"
            checks.expect(f"{what}: it is told the last state when it reads", None)


def full_file(checks, command, folder):
    """No byte may be written to a file: SIGXFSZ would end the process."""
    log, path = folder / "log-full.log", folder / "log-full.sock"
    with log.open("w") as file:
        limited = ["prlimit", "--fsize=0", "--", *command]
        with daemon(checks, limited, path, "a file of the greatest size", stderr=file):
            checks.equal("a file of the greatest size: requests are answered", answered(path, 10), 10)
    checks.equal("a file of the greatest size: it is no larger", log.stat().st_size, 0)


def closed_descriptors(checks, command, path):
    what = "descriptors 0 to 2 are closed"
    shell = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *command]
    with daemon(checks, shell, path, what) as process:
        checks.equal(f"{what}: requests are answered", answered(path, 10), 10)
        streams = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
        checks.equal(f"{what}: they are open on /dev/null", streams, ["/dev/null"] * 3)


def json_lines(checks, command, folder):
    log, path = folder / "log-json.log", folder / "log-json.sock"
    with log.open("w") as file:
        with daemon(checks, [*command[:1], "--log-format", "json", *command[1:]], path, "logFormat: json", stderr=file):
            answered(path, 1)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    checks.equal("logFormat: json: the events", [entry["msg"] for entry in entries][-4:], ["audit", "stopping", "state is stopping", "stopped"])
    wanted = {"time", "level", "msg", "method", "uid", "gid", "accounts", "outcome", "durationMs"}
    audit = next(entry for entry in entries if entry["msg"] == "audit")
    checks.equal("logFormat: json: the fields of a request", set(audit), wanted)


def unwritable_findings(checks, configuration):
    with open("/dev/full", "w") as full:
        check = subprocess.run(
            ["imattrd", "--check", "--config", str(configuration)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    says = check.returncode == 70 and "standard output cannot be written" in check.stderr
    checks.expect("imattrd --check says that its findings cannot be written", None if says else repr(check))
