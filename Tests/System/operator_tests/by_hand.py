"""An installation without packages, by the lines of the pages as they are printed."""

import re
from pathlib import Path

from system_tests.machine import must, show
from system_tests.units import CONFIGURATION, CREDENTIAL, SERVICE, SOCKET_UNIT
from system_tests.upstream import write_configuration

from . import callers
from .sandbox import Sandbox

# README.md, the folder systemd, and the programs where the first line of "Install by hand" has built them.
PROJECT = Path("/opt/imattrd/project")


def blocks(page, heading):
    """The shell blocks under a heading."""
    section = re.search(rf"^## {heading}$(.*?)^## ", (PROJECT / page).read_text(), re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def follow(lines, text=None):
    """Runs lines in the project's folder, as who types them and stops at the first that fails."""
    return must("bash", "-e", "-c", lines, cwd=PROJECT, input=text)


def install(checks, user, key):
    _, give_key, open_socket = blocks("README.md", "Install")
    (by_hand,) = blocks("systemd/README.md", "Install by hand")
    build, rest = by_hand.split("\n", 1)
    # The box has no Swift, and the programs are there.
    checks.expect("the first line builds", None if build == "systemd/build" else build)
    follow(rest)
    follow(give_key, key + "\n")
    checks.equal("the key is its owner's only", must("stat", "--format=%U %a", str(CREDENTIAL)), "root 600")
    with Sandbox("by-hand", key) as upstream:
        write_configuration(CONFIGURATION, **upstream.keys)
        printed = follow(open_socket.replace("NAME", user))
        checks.expect("the first call is answered", None if "pong" in printed else printed)
        checks.equal("and has started the daemon", show(SERVICE, "ActiveState"), "active")
        checks.equal("a member of the group is answered", callers.get_attrs(user), "answered")
        must("systemctl", "stop", SOCKET_UNIT, SERVICE)
