"""The daemon as systemd/container/Containerfile runs it: no systemd, a user of its own, the key as a secret that all may read in there.

Without a container engine: namespaces of its own for mounts and processes, and a read-only folder of secrets.
"""

import os
import signal
import subprocess
from pathlib import Path

from system_tests.machine import must, run, wait_until
from system_tests.units import CREDENTIAL

from . import callers

FOLDER = Path("/srv/container")
UID, GID = 990, 991
SOCKET = FOLDER / "run/imattrd.sock"
SECRETS = FOLDER / "secrets"


def runs(checks, upstream, key):
    must("install", "-d", "-m", "2750", "-o", str(UID), "-g", str(GID), str(SOCKET.parent))
    SECRETS.mkdir()
    secret = SECRETS / CREDENTIAL.name
    secret.write_text(key + "\n")
    secret.chmod(0o444)
    named = start(upstream, {"IMATTRD_SECRET_KEY_FILE": str(secret)})
    _, complaint = named.communicate(timeout=30)
    refused = named.returncode == 78 and "group or others may use it (mode 444)" in complaint
    checks.expect("as secretKeyFile, a secret that all may read is refused", None if refused else complaint)
    daemon = start(upstream, {"CREDENTIALS_DIRECTORY": str(SECRETS)})
    wait_until(SOCKET.exists, "the container's socket")
    health = run("imattr", "--socket", str(SOCKET), "ping")
    checks.equal("in the folder of secrets it is taken, and the health check succeeds", health.returncode, 0)
    checks.equal("a program that mounts the folder is answered", callers.get_attrs(path=SOCKET), "answered")
    os.kill(first_inside(daemon.pid), signal.SIGTERM)
    _, complaint = daemon.communicate(timeout=30)
    checks.equal("asked to stop, it ends with 0", daemon.returncode, 0)
    checks.expect("the log shows no key", complaint if key in complaint else None)
    must("rm", "-r", str(FOLDER))


def first_inside(pid):
    """The first process of the namespace, which the outer one waits for."""
    return int(must("pgrep", "--parent", str(pid)).split()[0])


def start(upstream, variables):
    names = {"sdkAppId": "SDK_APP_ID", "admin": "ADMIN", "upstreamUrl": "UPSTREAM_URL", "upstreamCaFile": "UPSTREAM_CA_FILE"}
    environment = {f"IMATTRD_{name}": str(upstream.keys[key]) for key, name in names.items()} | variables
    inside = (
        f"mount --bind {SECRETS} {SECRETS} && mount -o remount,bind,ro {SECRETS} && "
        f"exec setpriv --reuid={UID} --regid={GID} --clear-groups --no-new-privs --bounding-set=-all "
        f"imattrd --socket {SOCKET}"
    )
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", inside]
    return subprocess.Popen(command, env={"PATH": os.environ["PATH"]} | environment, stderr=subprocess.PIPE, text=True)
