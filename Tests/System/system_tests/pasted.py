"""A secret key that was given where its path belongs, or anywhere else, is in nothing that the programs print."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import clients
from .machine import must, run, systemctl
from .units import CONFIGURATION, SERVICE, SOCKET
from .upstream import write_configuration

# Made up, in the provider's form, and in base64 as it could begin with a slash.
KEYS = [
    "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
    "/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY+==",
]


def parts(key):
    """What may be in no text: a piece of the key that is long enough to be no accident."""
    return [key[start : start + 10] for start in range(len(key) - 9)]


def is_in(text, key):
    return any(part in text for part in parts(key))


def as_argument_or_variable(checks, folder):
    """`imattrd` by hand: every flag, every variable, flags that do not exist, and a file with the key as its value."""
    described = json.loads(must("imattrd", "--describe"))
    others = ["--config", "--socket", "--socket-group", "--secret-key", "--key", "--check", "--online"]
    flags = [row["flag"] for row in described["keys"] if "flag" in row] + others
    checks.expect("there are flags to try", None if len(flags) > 20 else repr(flags))
    for key in KEYS:
        tries = []
        for flag in flags:
            tries += [(["--check", flag, key], {}), (["--socket", "/nowhere/s", f"{flag}={key}"], {})]
            tries.append((["--check"], {"IMATTRD_" + flag[2:].replace("-", "_").upper(): key}))
        tries += [(arguments, {}) for arguments in ([key], ["--check", "--region", "tokyo", key], [f"-{key}"], [f"--{key}"], [f"--{key}=1"])]
        for text in (f"secretKeyFile: {key}", f"secretKey: {key}", f"admin: {key}\nregion: {key}", f"{key}: 1", key):
            file = folder / f"pasted-{len(tries)}.yaml"
            file.write_text(text)
            tries.append((["--check", "--config", str(file)], {}))
        with ThreadPoolExecutor(4) as pool:
            complaints = [why for why in pool.map(lambda it: complaint(key, *it), tries) if why]
        checks.expect("a key as any argument or variable is refused and not shown", complaints and complaints[0])


def complaint(key, arguments, variables):
    done = subprocess.run(
        ["imattrd", *arguments], env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )
    text = done.stdout + done.stderr
    return f"{arguments} {variables}: {done.returncode} {text!r}" if is_in(text, key) or not done.returncode else None


def under_systemd(checks, upstream):
    """The status, the journal, a bug report and every caller's answer."""
    for key in KEYS:
        write_configuration(CONFIGURATION, **upstream.keys)
        systemctl("restart", SERVICE)
        begin = must("journalctl", "--show-cursor", "--lines=0", "--quiet").rpartition("cursor: ")[2].strip()
        for restart in (False, True):
            write_configuration(CONFIGURATION, **{**upstream.keys, "secretKeyFile": key, "admin": key, "region": key})
            run("systemctl", "restart" if restart else "reload", SERVICE)
            said = [json.dumps(clients.call(SOCKET, method)) for method in ("getStatus", "getMetrics", "rpc.discover")]
            said.append(json.dumps(clients.call(SOCKET, "getAttrs", {"To_Account": ["abc"]})))
            said.append(run("systemctl", "status", "--full", SERVICE).stdout)
            said.append(must("systemctl", "show", SERVICE))
            said.append(must("imattr", "bugreport"))
            must("journalctl", "--sync")
            said.append(must("journalctl", "--all", "--output=export", f"--after-cursor={begin}"))
            how = "restart" if restart else "reload"
            shown = [text for text in said if is_in(text, key)]
            checks.expect(f"a key in config.yaml at a {how} is shown nowhere", shown[0] if shown else None)
        state = clients.call(SOCKET, "getStatus")["result"]["state"]
        checks.equal("it is misconfigured with that", state, "misconfigured")
    write_configuration(CONFIGURATION, **upstream.keys)
    systemctl("restart", SERVICE)
