"""The metrics of an instance over HTTP: imattrd-metrics@.socket."""

import http.client
import os
import socket
from contextlib import closing
from pathlib import Path

from . import clients
from .machine import must, owner_group_mode, show, systemctl
from .units import CONFIGURATION, CREDENTIAL, SOCKET
from .upstream import SECRET, write_configuration, write_private

NAME = "measured"
METRICS, CALLERS, SERVICE = f"imattrd-metrics@{NAME}.socket", f"imattrd@{NAME}.socket", f"imattrd@{NAME}.service"
PATH = Path(f"/run/imattrd-metrics/{NAME}.sock")
PORT = 9465


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def answered(checks, upstream):
    """On its Unix socket, which starts the daemon, and with a port of its own, as the unit says."""
    write_private(CREDENTIAL.with_name(f"imattrd.{NAME}.secret-key"), SECRET)
    write_configuration(CONFIGURATION.with_name(f"{NAME}.yaml"), **upstream.keys)
    systemctl("start", CALLERS, METRICS)
    checks.equal("its daemon does not run before the first scrape", show(SERVICE, "ActiveState"), "inactive")
    checks.equal("everybody may read its metrics", owner_group_mode(PATH), "root:root 666")
    expect_pages(checks, "an instance", lambda: UnixConnection(PATH))
    checks.equal("the scrape has started its daemon", show(SERVICE, "ActiveState"), "active")
    folder = Path(f"/run/systemd/system/{METRICS}.d")
    folder.mkdir(parents=True)
    (folder / "port.conf").write_text(f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{PORT}\n")
    systemctl("daemon-reload")
    systemctl("stop", SERVICE, METRICS)
    systemctl("start", METRICS, SERVICE)
    expect_pages(checks, "an instance with a port", lambda: http.client.HTTPConnection("127.0.0.1", PORT, timeout=30))
    systemctl("stop", METRICS, CALLERS, SERVICE)
    (folder / "port.conf").unlink()
    folder.rmdir()
    systemctl("daemon-reload")


def expect_pages(checks, what, connect):
    checks.equal(f"{what}: its callers are answered", clients.get_attrs(SOCKET.with_name(f"{NAME}.sock")), "answered")
    for page, wanted in {"/metrics": "imattrd_build_info", "/healthz": "ok", "/readyz": ""}.items():
        status, text = fetched(connect, page)
        checks.equal(f"{what}: {page}", (status, wanted in text), (200, True))
    text = fetched(connect, "/metrics")[1]
    used = f'imattrd_user_requested_accounts_total{{uid="{os.getuid()}"}}'
    checks.expect(f"{what}: its metrics say who uses it", None if used in text else text)
    pid = must("systemctl", "show", "--value", "--property=MainPID", SERVICE)
    limit = next((line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "open files" in line), "")
    checks.expect(f"{what}: they are its own", None if f"imattrd_process_max_fds {limit.split()[3]}\n" in text else text)


def fetched(connect, page):
    """(status, text) of a page."""
    with closing(connect()) as connection:
        connection.request("GET", page)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
