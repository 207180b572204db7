"""Rights per caller: with sockets that imattrd binds itself, and with a further socket unit under a real systemd."""

import json
import selectors
import socket
import subprocess
import time
from pathlib import Path

from . import clients
from .machine import as_user, must, owner_group_mode, run, show, systemctl, wait_until
from .units import ACCESS_DENIED, CONFIGURATION, MISCONFIGURED, SERVICE, SOCKET
from .upstream import Upstream, write_configuration

UNIT = "imattrd-at@web.socket"
WEB = Path("/run/imattrd-at/web/imattrd.sock")
RULES = [
    {"name": "own", "match": ["user:root"], "accounts": ["abc", "shop-*"]},
    {"name": "web", "match": ["socket:web"], "methods": ["getAttrs"], "accounts": ["web-*"], "attributes": ["none"]},
]


# Users of the units' checks, which there are not before.
ALICES = [RULES[0] | {"match": ["user:root", "user:alice"]}, RULES[1]]


def without_systemd(checks, upstream, folder):
    """imattrd --socket PATH --socket web=PATH, and what is said of the rules."""
    paths = [folder / "own-rules.sock", folder / "web.sock"]
    keys = {"secretKeyFile": str(upstream.secret_file), **upstream.keys, "rules": RULES}
    configuration = write_configuration(folder / "rules.yaml", **keys)
    sockets = ["--socket", str(paths[0]), "--socket", f"web={paths[1]}"]
    daemon = subprocess.Popen(["imattrd", *sockets, "--config", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: all(path.exists() for path in paths) or daemon.poll() is not None, "both sockets")
        found = {
            "own": attempt(paths[0], "abc"),
            "another's": attempt(paths[0], "web-1"),
            "of the socket": attempt(paths[1], "web-1"),
            "another's there": attempt(paths[1], "abc"),
        }
        wanted = {"own": "result", "another's": "own To_Account[0]", "of the socket": "result"}
        checks.equal("each socket has its rule", found, wanted | {"another's there": "web To_Account[0]"})
        for path, rule, account in ((paths[0], "own", "abc"), (paths[1], "web", "web-1")):
            done = run("imattr", "--socket", str(path), "doctor", "--account", account)
            named = done.returncode == 0 and f"rule {rule} applies to user 0" in done.stdout
            checks.expect(f"doctor names the rule {rule}", None if named else repr(done))
        done = run("imattr", "--socket", str(paths[0]), "doctor")
        checks.expect("doctor says what the rule does not allow", None if "Give --account" in done.stdout else repr(done))
        daemon.terminate()
        checks.equal("it ends with 0", daemon.wait(30), 0)
        checks.equal("no socket is left", [path.exists() for path in paths], [False, False])
    finally:
        daemon.kill()
        daemon.wait()
    done = run("imattrd", "--check", "--config", str(configuration), "--as", "socket:web")
    says = "rule: web, number 2 of 2, because of socket:web" in done.stdout and "accounts: web-*" in done.stdout
    checks.expect("imattrd --check --as says which rule applies", None if says and done.returncode == 0 else repr(done))
    twice = run("imattrd", "--socket", str(paths[0]), "--socket", str(paths[1]), "--config", str(configuration))
    checks.equal("two sockets without a name are a wrong usage", twice.returncode, 64)


# Of which a call in each tenth of a second leaves work for a while.
SHARES = {"own": 3, "web": 1}
WINDOW = 5
ACCOUNTS = 10


def shares(checks, folder):
    """Two rules whose accounts wait get their parts of the calls, and one that is alone gets all."""
    rules = [
        {"name": "own", "match": ["user:root"], "share": SHARES["own"]},
        {"name": "web", "match": ["socket:web"], "share": SHARES["web"]},
    ]
    paths = {"own": folder / "shares.sock", "web": folder / "shares-web.sock"}
    with Upstream(folder, delay_ms=100) as upstream:
        keys = {"secretKeyFile": str(upstream.secret_file), **upstream.keys, "rules": rules, "maxInFlight": 1}
        configuration = write_configuration(folder / "shares.yaml", **keys)
        sockets = ["--socket", str(paths["own"]), "--socket", f"web={paths['web']}"]
        daemon = subprocess.Popen(["imattrd", *sockets, "--config", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: all(path.exists() for path in paths.values()) or daemon.poll() is not None, "both sockets")
            found = answered(paths)
            part = {name: count / sum(found.values()) for name, count in found.items()}
            wanted = {name: share / sum(SHARES.values()) for name, share in SHARES.items()}
            far = {name: (part[name], wanted[name]) for name in part if abs(part[name] - wanted[name]) > 0.03}
            checks.expect(f"in {WINDOW} s each rule gets its part", far or None)
            alone = answered({"web": paths["web"]})["web"]
            checks.expect("a rule that is alone gets all", None if alone > 0.7 * WINDOW * 1000 else f"{alone} accounts")
        finally:
            daemon.kill()
            daemon.wait()


def answered(paths):
    """How many accounts of each caller are answered in the window, while more of each wait than can be."""
    counts = dict.fromkeys(paths, 0)
    unread = dict.fromkeys(paths, b"")
    with selectors.DefaultSelector() as selector:
        connections = {name: socket.socket(socket.AF_UNIX) for name in paths}
        for name, connection in connections.items():
            connection.connect(str(paths[name]))
            connection.sendall(b"".join(request(name, number) for number in range(1000)))
            selector.register(connection, selectors.EVENT_READ, name)
        # Not from the first answer on: one of them has asked earlier.
        begin = time.monotonic() + 1
        while time.monotonic() < begin + WINDOW:
            for key, _ in selector.select(timeout=1):
                *lines, unread[key.data] = (unread[key.data] + key.fileobj.recv(1 << 16)).split(b"\n")
                if time.monotonic() > begin:
                    counts[key.data] += ACCOUNTS * sum(b'"result"' in line for line in lines)
        for connection in connections.values():
            connection.close()
    return counts


def request(name, number):
    """One for accounts that no other request names."""
    params = {"To_Account": [f"{name}-{number}-{place}" for place in range(ACCOUNTS)]}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "getAttrs", "params": params}).encode() + b"\n"


def attempt(path, account, user="root"):
    """What a request for an account gets: a result, or the rule that refused it and where."""
    answer = clients.call(path, "getAttrs", {"To_Account": [account]}, user)
    if "result" in answer:
        return "result"
    data = answer["error"]["data"]
    return f"{data.get('rule', answer['error']['code'])} {data.get('path', '')}".strip()


def further_socket(checks, upstream):
    """imattrd-at@NAME.socket: it comes with a restart of the service, and has the rights of its name."""
    before = CONFIGURATION.read_text()
    write_configuration(CONFIGURATION, **upstream.keys, rules=ALICES)
    systemctl("restart", SERVICE)
    checks.equal("alice has her rule", attempt(SOCKET, "shop-1", "alice"), "result")
    checks.equal("bob matches none", attempt(SOCKET, "abc", "bob"), str(ACCESS_DENIED))
    refused = run("systemctl", "start", UNIT)
    checks.expect("a new socket is refused while the service runs", None if refused.returncode else "it starts")
    must("systemctl", "enable", UNIT)
    systemctl("restart", SERVICE)
    checks.equal("with the service it starts", show(UNIT, "ActiveState"), "active")
    rights = [owner_group_mode(WEB), owner_group_mode(WEB.parent)]
    checks.equal("it is root's", rights, ["root:root 660", "root:root 755"])
    checks.equal("it has its own rule", [attempt(WEB, "web-1"), attempt(WEB, "abc")], ["result", "web To_Account[0]"])
    done = run(*as_user("bob"), "imattr", "doctor")
    checks.expect("doctor says that no rule matches", None if "no rule matches" in done.stdout else repr(done))
    write_configuration(CONFIGURATION, **upstream.keys, rules=ALICES[:1])
    systemctl("reload", SERVICE)
    checks.equal("a reload takes the rule away", attempt(WEB, "web-1"), str(ACCESS_DENIED))

    folder = Path(f"/run/systemd/system/{UNIT}.d")
    folder.mkdir(parents=True)
    (folder / "name.conf").write_text("[Socket]\nFileDescriptorName=rpc\n")
    systemctl("daemon-reload")
    systemctl("stop", SERVICE, UNIT)
    systemctl("start", UNIT)
    systemctl("start", SERVICE)
    checks.equal("two sockets of one name are answered", clients.get_attrs(SOCKET), MISCONFIGURED)
    text = show(SERVICE, "StatusText")
    checks.expect("and the status has the reason", None if "two sockets named rpc" in text else text)
    (folder / "name.conf").unlink()
    folder.rmdir()
    must("systemctl", "disable", UNIT)
    systemctl("daemon-reload")
    systemctl("stop", SERVICE, UNIT)
    CONFIGURATION.write_text(before)
    systemctl("restart", SERVICE)
    checks.equal("without it all is as before", clients.get_attrs(SOCKET), "answered")
