"""dpkg: install, upgrade, purge; and what is on the disk before and after."""

import os
import re
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from system_tests.machine import must, owner_group_mode, run, show, systemctl, wait_until
from system_tests.units import CONFIGURATION, CREDENTIAL, SERVICE, SOCKET, SOCKET_UNIT
from system_tests.upstream import write_configuration, write_private

from . import callers, signer
from .load import Load

PACKAGES = Path("/opt/imattrd/packages")
TEMPLATE = "imattrd@second"
ENCRYPTED = Path("/etc/credstore.encrypted") / CREDENTIAL.name
KEY_DROP_IN = Path(f"/etc/systemd/system/{SERVICE}.d/key.conf")

# What changes by itself on a running machine, what dpkg keeps of every package, and these checks' own files.
ELSEWHERE = {"/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/srv", "/opt"}
ELSEWHERE |= {"/var/lib/dpkg", "/var/log", "/var/cache"}
# Folders that are no package's: they may stay, with nothing of the package in them.
SHARED = {"/etc/credstore", "/etc/credstore.encrypted", "/etc/systemd/system/sockets.target.wants"}
BACKUPS = {"/etc/group-", "/etc/gshadow-", "/etc/passwd-", "/etc/shadow-", "/etc/.pwd.lock"}


def dpkg(*arguments):
    must("dpkg", "--force-unsafe-io", *arguments, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


def files():
    """Every path on the disk, but for ELSEWHERE."""
    found = set()
    for folder, names, others in os.walk("/"):
        names[:] = [name for name in names if os.path.join(folder, name) not in ELSEWHERE]
        found.update(os.path.join(folder, name) for name in [*names, *others])
    return found - BACKUPS - SHARED


def groups():
    return Path("/etc/group").read_text(), Path("/etc/gshadow").read_text()


def install(checks):
    """The tree has what the packages say that they depend on, and dpkg insists on it."""
    dpkg("--install", str(PACKAGES / "imattrd.deb"), str(PACKAGES / "imattr-sandbox.deb"))
    state = must("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", "imattrd", "imattr-sandbox")
    checks.equal("both packages are installed", state.split(), ["ii", "ii"])
    for name in ["imattrd", "imattr-sandbox"]:
        missing = [path for path in must("dpkg", "--listfiles", name).splitlines() if not os.path.lexists(path)]
        checks.equal(f"{name}: every file is there", missing, [])
        verified = run("dpkg", "--verify", name)
        checks.equal(f"{name}: every file is as packed", (verified.returncode, verified.stdout), (0, ""))
    for program in ["imattrd", "imattr", "imattr-sandbox"]:
        expect_declared(checks, program, "imattr-sandbox" if program == "imattr-sandbox" else "imattrd")
    for group in ["imattr", "imattrd-sign"]:
        checks.equal(f"the group {group} is there", run("getent", "group", group).returncode, 0)
    checks.equal("the socket listens", show(SOCKET_UNIT, "ActiveState"), "active")
    checks.equal("the socket starts with the machine", must("systemctl", "is-enabled", SOCKET_UNIT), "enabled")
    checks.equal("the daemon does not run before the first call", show(SERVICE, "ActiveState"), "inactive")
    checks.equal("the socket's rights", owner_group_mode(SOCKET), "root:imattr 660")
    checks.equal("the metrics' socket is off", show("imattrd-metrics.socket", "ActiveState"), "inactive")


def expect_declared(checks, program, package):
    """Each library that the program loads comes with what its package depends on."""
    libraries = re.findall(r"^\t(?:\S+ => )?(\S+) \(0x", must("ldd", f"/usr/bin/{program}"), re.MULTILINE)
    owners = {owner(path) for path in libraries if path.startswith("/")}
    undeclared = owners - all_dependencies(package)
    checks.equal(f"{program}: its package depends on all that it is linked with", undeclared, set())
    checks.expect(f"{program}: it is linked with something", None if owners else "no library found")


def all_dependencies(package, found=frozenset()):
    """The names of what a package depends on, and of what these depend on."""
    depends = run("dpkg-query", "--show", "--showformat=${Depends},${Pre-Depends}", package).stdout
    names = {re.split(r"[ (:]", part.strip())[0] for part in depends.split(",") if part.strip()} - found
    found = found | names
    for name in names:
        found = found | all_dependencies(name, found)
    return found


def owner(library):
    """The package of a library; it may be registered with or without /usr."""
    for path in [library, str(Path(library).resolve()), library.removeprefix("/usr"), f"/usr{library}"]:
        for line in run("dpkg-query", "--search", path).stdout.splitlines():
            # libc6 of Debian 13 diverts the dynamic linker to its own place.
            if not line.startswith("diversion "):
                return line.split(":")[0]
    return f"nobody's {library}"


def upgrade(checks):
    """A later version, while callers ask: they do not notice, and what the operator has written stays."""
    written = CONFIGURATION.read_text()
    before = show(SERVICE, "MainPID")
    second = show(f"{TEMPLATE}.service", "MainPID")
    with Load("asks", "asks", "connects") as load:
        dpkg("--force-confdef", "--install", str(PACKAGES / "imattrd-later.deb"))
        checks.equal("after an upgrade it serves", callers.get_attrs(), "answered")
    load.expect_nothing_lost(checks, "an upgrade")
    version = must("dpkg-query", "--show", "--showformat=${Version}", "imattrd")
    checks.expect("the later version is installed", None if version.endswith("+later") else version)
    after = show(SERVICE, "MainPID")
    checks.expect("the daemon is another process", None if after not in ("0", before) else f"{before}, then {after}")
    checks.equal("of the program on the disk", os.readlink(f"/proc/{after}/exe"), "/usr/bin/imattrd")
    other = show(f"{TEMPLATE}.service", "MainPID")
    checks.expect("so is that of an instance", None if other not in ("0", second) else f"{second}, then {other}")
    checks.equal("the operator's config.yaml stays", CONFIGURATION.read_text(), written)
    checks.expect("the key stays", None if CREDENTIAL.exists() else "it is gone")


def signer_comes_and_goes(checks, upstream, key):
    """From a version without a signer and back, while callers ask, with each way in which an operator can have given the key."""
    for name, way in {"in the credstore": plain, "encrypted, by a drop-in": encrypted, "by secretKeyFile": named_file}.items():
        take_version(checks, "imattrd-earlier.deb", f"the key {name}: downgrade")
        with way(upstream, key) as source:
            systemctl("restart", SERVICE)
            checks.equal(f"the key {name}: the earlier version serves", callers.get_attrs(), "answered")
            with Load("asks", "asks", "connects") as load:
                take_version(checks, "imattrd.deb", f"the key {name}: upgrade")
                wait_until(lambda: callers.status()["userSig"]["keySource"] == source, f"the key from {source}")
            load.expect_nothing_lost(checks, f"the key {name}: an upgrade to the signer")
            second = callers.call("getStatus", path=SOCKET.with_name("second.sock"))["result"]
            checks.equal("an instance has its signer, too", second["userSig"]["keySource"], "signer")
            signer.checked_online(checks, f"with the key {name}")
            if source == "credential":
                said = callers.imattr("root", "doctor")
                checks.expect("imattr doctor names the drop-in", None if KEY_DROP_IN.name in said.stdout else said.stdout)
            with Load("asks", "asks", "connects") as load:
                take_version(checks, "imattrd-earlier.deb", f"the key {name}: downgrade")
            load.expect_nothing_lost(checks, f"the key {name}: a downgrade from the signer")
            running = must("systemctl", "list-units", "--state=active", "--plain", "--no-legend", "imattrd-signer*")
            checks.equal("after a downgrade no signer runs", running, "")
    write_private(CREDENTIAL, key)
    write_configuration(CONFIGURATION, **upstream.keys)
    take_version(checks, "imattrd.deb", "back to the signer")
    checks.equal("back to the signer: it serves", callers.get_attrs(), "answered")


def take_version(checks, package, when):
    dpkg("--force-confdef", "--force-downgrade", "--install", str(PACKAGES / package))
    checks.equal(f"{when}: it serves", callers.get_attrs(), "answered")


@contextmanager
def plain(upstream, key):
    write_private(CREDENTIAL, key)
    write_configuration(CONFIGURATION, **upstream.keys)
    yield "signer"


@contextmanager
def encrypted(upstream, key):
    """The drop-in that the earlier version's unit described."""
    must("systemd-creds", "setup")
    ENCRYPTED.parent.mkdir(mode=0o700, exist_ok=True)
    must("systemd-creds", "encrypt", "--with-key=host", f"--name={CREDENTIAL.name}", "-", str(ENCRYPTED), input=key)
    CREDENTIAL.unlink()
    with drop_in(f"LoadCredential=\nLoadCredentialEncrypted={CREDENTIAL.name}"):
        yield "credential"
    ENCRYPTED.unlink()
    os.unlink("/var/lib/systemd/credential.secret")
    write_private(CREDENTIAL, key)


@contextmanager
def named_file(upstream, key):
    write_private(CREDENTIAL, key)
    with drop_in(f"LoadCredential=own:{CREDENTIAL}"):
        write_configuration(CONFIGURATION, **upstream.keys, secretKeyFile=f"/run/credentials/{SERVICE}/own")
        yield "secretKeyFile"
    write_configuration(CONFIGURATION, **upstream.keys)


@contextmanager
def drop_in(lines):
    KEY_DROP_IN.parent.mkdir()
    KEY_DROP_IN.write_text(f"[Service]\n{lines}\n")
    systemctl("daemon-reload")
    yield
    KEY_DROP_IN.unlink()
    KEY_DROP_IN.parent.rmdir()
    systemctl("daemon-reload")


def purge(checks, files_before, groups_before):
    """Nothing is left, instances and keys included."""
    systemctl("enable", "imattrd-metrics.socket")
    systemctl("restart", SERVICE)
    with urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=30) as answer:
        checks.expect("the metrics' socket serves them", None if b"imattrd_build" in answer.read() else "it does not")
    dpkg("--purge", "imattr-sandbox")
    dpkg("--remove", "imattrd")
    checks.expect("a removal keeps the configuration", None if CONFIGURATION.exists() else "it is gone")
    checks.expect("and the key", None if CREDENTIAL.exists() else "it is gone")
    expect_nothing_runs(checks, "removed")
    checks.expect("removed: no socket is left", "it is there" if SOCKET.exists() else None)
    dpkg("--purge", "imattrd")
    expect_nothing_runs(checks, "purged")
    units = must("systemctl", "list-units", "--all", "--plain", "--no-legend", "imattrd*")
    checks.equal("purged: systemd knows no unit of it", units, "")
    left = files() - files_before
    checks.equal("purged: no file is left", sorted(left), [])
    checks.equal("purged: no file of others is missing", sorted(files_before - files()), [])
    in_run = [str(path) for path in Path("/run").rglob("*imattr*")]
    checks.equal("purged: nothing is left in /run", in_run, [])
    checks.equal("purged: the groups are as before", groups(), groups_before)
    checks.equal("purged: dpkg knows of no package", run("dpkg-query", "--show", "imattrd").returncode, 1)


def expect_nothing_runs(checks, when):
    units = must("systemctl", "list-units", "--state=active,failed", "--plain", "--no-legend", "imattrd*")
    checks.equal(f"{when}: no unit is active or failed", units, "")
    running = run("pgrep", "--list-full", "--exact", "imattrd").stdout
    checks.equal(f"{when}: no process runs", running, "")


def second_instance(checks, upstream, key):
    """imattrd@NAME, enabled as an operator would: an upgrade and a purge have it, too."""
    write_configuration(CONFIGURATION.with_name("second.yaml"), **upstream.keys)
    write_private(CREDENTIAL.with_name("imattrd.second.secret-key"), key)
    systemctl("enable", "--now", f"{TEMPLATE}.socket", "imattrd-metrics@second.socket")
    found = callers.get_attrs(path=SOCKET.with_name("second.sock"))
    checks.equal("an instance serves", found, "answered")
