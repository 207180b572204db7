"""The config.yaml that is installed: what it says of the defaults is what imattrd holds."""

import os
import re
from pathlib import Path

from .machine import run
from .upstream import SECRET, write_private

SHIPPED = Path("/usr/share/imattrd/config.yaml")
REQUIRED = {"sdkAppId", "admin", "region"}

# Their comments show an example, since the default is "none", or another key's.
EXAMPLES = {"secretKeyFile", "signerSocket", "upstreamUrl", "upstreamCaFile", "allow", "metricsListen"}


def with_keys(folder, keys):
    """The shipped file with these of its keys uncommented."""
    pattern = rf"^#({'|'.join(sorted(keys))}):"
    file = folder / "check.yaml"
    file.write_text(re.sub(pattern, r"\1:", SHIPPED.read_text(), flags=re.MULTILINE))
    return file


def check(folder, keys):
    environment = os.environ | {"CREDENTIALS_DIRECTORY": str(folder)}
    return run("imattrd", "--check", "--config", str(with_keys(folder, keys)), env=environment)


def says(output, key, value):
    """Whether a line of the output gives this key this value."""
    return re.search(rf"^\W*{key}\b.*(?<![\w.]){re.escape(value)}(?![\w.])", output, re.MULTILINE)


def agrees(checks, folder):
    write_private(folder / "imattrd.secret-key", SECRET)
    defaults = dict(re.findall(r"^#(\w+): (.*)$", SHIPPED.read_text(), re.MULTILINE))

    untouched = check(folder, {"none"})
    checks.equal("config.yaml as shipped is refused", untouched.returncode, 78)
    checks.expect("and says what is missing", None if "sdkAppId" in untouched.stderr else untouched.stderr)
    checks.expect("in at most five lines", untouched.stderr if len(untouched.stderr.splitlines()) > 5 else None)

    least = check(folder, REQUIRED)
    checks.equal("with its three required keys it is accepted", (least.returncode, least.stderr), (0, ""))
    other = [key for key, value in defaults.items() if key not in EXAMPLES and not says(least.stdout, key, value)]
    checks.equal("its comments give the defaults that hold", other, [])

    everything = check(folder, defaults.keys() - EXAMPLES)
    checks.equal("with all of its keys it is accepted", (everything.returncode, everything.stderr), (0, ""))
    checks.expect("--check never shows the key", "it does" if SECRET in least.stdout + everything.stdout else None)
