"""The socket of administrators while other users do their worst."""

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager

from . import clients
from .administration import ADMIN
from .machine import as_user, must, run, show, systemctl, wait_until
from .units import CONFIGURATION, SERVICE, SOCKET
from .upstream import write_configuration

ATTACKERS = ["alice", "bob"]
CONNECTIONS = 64
# What a person waits for a command. It takes a few milliseconds on a machine that has nothing else to do.
PATIENCE = 10

# Large requests whose answers are never read, half lines, pings without end, and every connection that it gets; when it gets none any
# more, connecting without end.
ATTACK = """
import json, os, socket, sys

def connection():
    made = socket.socket(socket.AF_UNIX)
    made.connect(sys.argv[1])
    return made

def repeated(attack):
    while True:
        try:
            attack()
        except OSError:
            pass

kept = []
def keep():
    kept.append(connection())
    kept[-1].sendall(line("ping", {}))
    if b"-32000" in kept[-1].recv(4096):
        repeated(connection)

def line(method, params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\\n"

def unread():
    made = connection()
    made.settimeout(5)
    while True:
        made.sendall(line("getAttrs", {"To_Account": [f"{os.getpid()}-{n}" for n in range(1000)]}))

def half_line():
    made = connection()
    made.settimeout(5)
    while True:
        made.sendall(b"x" * 65536)

def pings():
    made = connection()
    while True:
        made.sendall(line("ping", {}) * 1000)
        made.recv(1 << 20)

for attack in [unread, half_line, pings]:
    if os.fork() == 0:
        repeated(attack)
repeated(keep)
"""


@contextmanager
def siege():
    """Attackers at the socket of the callers until the end of the block."""
    attackers = [
        subprocess.Popen([*as_user(user), "/usr/bin/python3", "-c", ATTACK, str(SOCKET)], start_new_session=True)
        for user in ATTACKERS
    ]
    try:
        yield
    finally:
        for attacker in attackers:
            os.killpg(attacker.pid, signal.SIGKILL)
            attacker.wait()


def administrators_are_served(checks, upstream):
    """`imattr reload`, `imattr top` and `systemctl reload` of good files and bad ones, beside attackers of two users."""
    keys = upstream.keys | {"maxConnections": CONNECTIONS, "maxConnectionsPerUid": CONNECTIONS}
    write_configuration(CONFIGURATION, **keys)
    systemctl("restart", SERVICE)
    started = show(SERVICE, "MainPID")
    with siege():
        wait_until(refuses, "connections that are refused since others have all")
        for attempt in range(3):
            write_configuration(CONFIGURATION, **keys | {"rateLimit": 70 + attempt})
            for command in (["imattr", "reload"], ["systemctl", "reload", SERVICE]):
                expect_success(checks, *command)
            limit = clients.call(ADMIN, "getStatus")["result"]["limiter"]["rateLimit"]
            checks.equal("besieged: the reload has taken effect", limit, 70 + attempt)
            callers = json.loads(expect_success(checks, "imattr", "top", "--json"))
            uids = {user["uid"] for user in callers["users"] if user["requests"] > 0}
            attackers = {int(must("id", "-u", user)) for user in ATTACKERS}
            checks.expect("besieged: imattr top lists who does it", None if attackers <= uids else repr(callers["users"]))
            write_configuration(CONFIGURATION, **keys | {"rateLimits": 1})
            failed = run("systemctl", "reload", SERVICE).returncode
            checks.expect("besieged: a reload of a broken file fails", None if failed else "it succeeds")
    checks.equal("besieged: the daemon is the same", show(SERVICE, "MainPID"), started)
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)


def refuses():
    refused = clients.call(ADMIN, "getStatus")["result"]["door"]["refusedByLimit"]
    return sum(refused.values()) > 0


def expect_success(checks, *command):
    """Standard output of a command that has to succeed soon."""
    begin = time.monotonic()
    done = run(*command)
    took = time.monotonic() - begin
    fine = done.returncode == 0 and took < PATIENCE
    checks.expect(f"besieged: {' '.join(command)}", None if fine else f"{took:.1f} s, {done.returncode}: {done.stderr}")
    return done.stdout
