"""Transcripts: files of JSON lines, read and checked. FORMAT.md says what they mean."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "transcripts"
FEATURES = {"concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop"}
FEATURES |= {"untyped", "fork"}
HEADER = {"title", "why", "needs", "socket", "environment", "heavy", "real"}

# The members of each kind of step, without the one that names the kind.
STEPS = {
    "do": None,  # a command, which goes to the driver as it is
    "says": set(),
    "yields": {"users", "missing", "failed"},
    "accept": {"reading"},
    "gets": {"id", "on"},
    "notified": {"on"},
    "answers": {"result", "error", "bytesAtATime", "ending", "extra"},
    "sends": {"on"},
    "sendsHex": {"on"},
    "floods": {"on"},
    "stopsReading": set(),
    "reads": set(),
    "refusesData": set(),
    "closes": set(),
    "resets": set(),
    "gone": set(),
    "vanishes": set(),
    "refuses": set(),
    "listens": set(),
    "forbids": set(),
    "frees": set(),
    "nothing": {"unlessGone"},
    "pauses": set(),
    "stops": set(),
    "continues": set(),
    "serves": {"stream", "until"},
    "slams": {"until"},
    "inAnyOrder": set(),
    "note": set(),
}


class TranscriptError(Exception):
    """A transcript that says nothing that could be played."""


class Transcript:
    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.stem
        try:
            lines = [json.loads(line) for line in self.path.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise TranscriptError(f"{path}: {error}") from error
        if not lines or "title" not in lines[0]:
            raise TranscriptError(f"{path}: the first line has no title")
        self.header = lines[0]
        if unknown := set(self.header) - HEADER:
            raise TranscriptError(f"{path}: {sorted(unknown)} in the first line")
        if unknown := set(self.needs) - FEATURES:
            raise TranscriptError(f"{path}: there is no feature {sorted(unknown)}")
        self.steps = [expanded(line) for line in lines[1:]]
        for number, step in enumerate(self.steps, 2):
            self._check(step, number)

    @property
    def title(self):
        return self.header["title"]

    @property
    def needs(self):
        return self.header.get("needs", [])

    def kind(self, step):
        return next((kind for kind in STEPS if kind in step), None)

    def _check(self, step, number):
        kind = self.kind(step)
        if kind is None:
            raise TranscriptError(f"{self.path}:{number}: no step: {step}")
        allowed = STEPS[kind]
        if allowed is not None and (unknown := set(step) - allowed - {kind}):
            raise TranscriptError(f"{self.path}:{number}: {sorted(unknown)} in {kind!r}")
        if kind == "inAnyOrder":
            for member in step["inAnyOrder"]:
                if self.kind(member) not in ("says", "yields", "gets", "notified", "gone"):
                    raise TranscriptError(f"{self.path}:{number}: {member} cannot be in any order")
                self._check(member, number)


def expanded(value):
    """The value with what is written short written out: `$accounts`, `$users`, `$repeat`."""
    if isinstance(value, list):
        return [expanded(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key, argument), = value.items()
        if key == "$accounts":
            return accounts(*expanded(argument))
        if key == "$users":
            return [user(account) for account in accounts(*expanded(argument))]
        if key == "$repeat":
            return argument[0] * argument[1]
        if key == "$join":
            joined = [expanded(part) for part in argument]
            return "".join(joined) if isinstance(joined[0], str) else sum(joined, [])
    return {key: expanded(inner) for key, inner in value.items()}


def accounts(prefix, first, count):
    return [f"{prefix}{number}" for number in range(first, first + count)]


def user(account):
    """What a daemon in front of `imattr-sandbox --unknown echo` answers for an account."""
    return {"To_Account": account, "Attrs": {"account": account}}


def all_transcripts():
    return [Transcript(path) for path in sorted(FOLDER.glob("*.jsonl"))]
