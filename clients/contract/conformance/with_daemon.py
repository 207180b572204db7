"""The command `with-daemon`."""

import sys

from .daemon import Daemon, Folder, Sandbox, StartFailure
from .processes import Child, clean_environment, end_children_on_signals

USAGE = """usage: with-daemon [OPTION VALUE]... -- COMMAND [ARGUMENT]...

Starts imattr-sandbox and imattrd from $IMATTR_BIN (default: where `swift build` puts them) in a temporary folder, runs
COMMAND with IMATTRD_SOCKET set, stops both, and exits with COMMAND's status. If that is not 0, the daemon's log is shown.

  --rate N         calls a second, of the sandbox and of the daemon (default 100)
  --unknown WHAT   the sandbox's: what accounts that it does not know get (empty, missing, error-list, made-up, echo);
                   so are --users, --fault, --compact, --delay-ms, --answer-delay-ms, --jitter-ms, --seed,
                   --clock-offset-seconds; any other option is the daemon's, as --max-line-bytes
"""

OF_SANDBOX = ["unknown", "users", "fault", "delay-ms", "answer-delay-ms", "jitter-ms", "seed", "clock-offset-seconds"]


def split_options(words):
    """(sandbox's options, daemon's options) of the words before `--`."""
    sandbox, daemon = [], []
    words = list(words)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if not name.startswith("--"):
            raise SystemExit(f"with-daemon: {name!r} is no option\n\n{USAGE}")
        if name == "--compact":
            sandbox.append(name)
            continue
        if not equals:
            if not words:
                raise SystemExit(f"with-daemon: {name} wants a value\n\n{USAGE}")
            value = words.pop(0)
        if name == "--rate":
            sandbox += ["--rate-limit", value]
            daemon += ["--rate-limit", value]
        else:
            (sandbox if name[2:] in OF_SANDBOX else daemon).append(f"{name}={value}")
    return sandbox, daemon


def main(arguments):
    if "--" not in arguments or arguments[-1] == "--":
        sys.stderr.write(USAGE)
        return 0 if arguments in (["--help"], ["-h"]) else 64
    at = arguments.index("--")
    sandbox_options, daemon_options = split_options(arguments[:at])
    end_children_on_signals()
    try:
        with Folder() as folder, Sandbox(folder, sandbox_options) as sandbox:
            with Daemon(folder, sandbox, daemon_options) as daemon:
                status = run(arguments[at + 1 :], daemon.path)
            if status != 0:
                sys.stderr.write(f"with-daemon: status {status}. The daemon said:\n{daemon.log.read_text()}")
            return status
    except StartFailure as failure:
        sys.stderr.write(f"with-daemon: {failure}\n")
        return 69


def run(command, socket_path):
    """Runs the command in our own process group, so that a terminal's keys reach it; its status as a shell says it."""
    try:
        # What the caller has set for clients and builds stays; what would configure a daemon does not.
        child = Child(command, clean_environment(IMATTRD_SOCKET=socket_path), inherit_group=True)
    except OSError as error:
        sys.stderr.write(f"with-daemon: {command[0]}: {error.strerror}\n")
        return 127
    status = child.process.wait()
    return 128 - status if status < 0 else status
