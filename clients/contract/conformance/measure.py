"""The command `measure`: one table of all clients."""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from . import restarts as restarting
from .daemon import Daemon, Folder, Sandbox, StartFailure
from .driver import Driver, DriverFailure, features
from .echo import EchoCount
from .processes import end_children_on_signals
from .runner import counts, play_all
from .transcript import all_transcripts

CLIENTS = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds for a line of the driver
UPSTREAM = ["--unknown", "echo", "--compact", "--rate-limit", "1000000"]
DAEMON = ["--rate-limit", "1000000", "--log-level", "warning"]
MOST_SPREAD = 0.25  # of the ratios: their middle half, as a part of their median
WARM_UP = 500  # requests before the first round
PARTS = ["transcripts", "restarts", "stream", "request"]


class Unmeasured(Exception):
    """A figure that there is not, and why."""


class Wrong(Exception):
    """The client did not do what was to be measured."""


def languages():
    """{name: words of the driver} of the folders beside this one."""
    drivers = [path for path in CLIENTS.glob("*/tests/driver") if path.is_file() and os.access(path, os.X_OK)]
    return {path.parents[1].name: [path] for path in sorted(drivers)}


# The figures


def transcripts(driver, known, options):
    outcomes = play_all(all_transcripts(), driver, known, options.jobs)
    found = counts(outcomes)
    found["failures"] = [outcome.transcript.name for outcome in outcomes if outcome.result == "failed"]
    return found


def restarts(driver, known, options):
    return restarting.measure(driver, options.restarts)


def stream(driver, known, options):
    """Seconds and peak memory for many accounts."""
    if "stream" not in known:
        raise Unmeasured("no stream")
    count = EchoCount("stream-", options.accounts)
    with Folder() as folder, Sandbox(folder, UPSTREAM) as sandbox, Daemon(folder, sandbox, DAEMON) as daemon:
        with Driver(driver, folder, daemon.path) as running:
            running.hello()
            memory = PeakMemory(running.child.pid)
            begin = time.monotonic()
            running.say({"do": "stream", "call": "s", "count": options.accounts, "prefix": "stream-"})
            while not (line := running.next_line(PATIENCE) or {}).get("end"):
                if wrong := count.take(line):
                    raise Wrong(f"after {count.answered} accounts: {wrong}{running.complaints()}")
                memory.sample_sometimes()
            seconds = time.monotonic() - begin
            memory.sample()
    if lack := count.lack():
        raise Wrong(lack)
    return {"accounts": options.accounts, "seconds": round(seconds, 2), "peakKiB": memory.total()}


class PeakMemory:
    """The sum of the greatest resident sizes (VmHWM) of a process and what it has started."""

    def __init__(self, session):
        self.session = session
        self.peaks = {}
        self.last = 0.0

    def sample_sometimes(self):
        if time.monotonic() - self.last > 0.2:
            self.sample()

    def sample(self):
        self.last = time.monotonic()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.session:
                    self.peaks[pid] = self._peak(pid)
            except (OSError, IndexError):
                pass  # it has ended meanwhile

    @staticmethod
    def _peak(pid):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        return 0

    def total(self):
        return sum(self.peaks.values())


def request(driver, known, options):
    """The time of a request by the client, beside a bare loop of the same language."""
    if "loop" not in known:
        raise Unmeasured("no loop")
    with Folder() as folder, Sandbox(folder, UPSTREAM) as sandbox, Daemon(folder, sandbox, DAEMON) as daemon:
        with Driver(driver, folder, daemon.path) as running:
            running.hello()

            def microseconds(of, count=options.count):
                running.say({"do": "loop", "call": "l", "of": of, "count": count})
                line = running.next_line(PATIENCE)
                if not isinstance(line, dict) or "nanoseconds" not in line:
                    raise Wrong(f"the loop said {json.dumps(line)[:300]}{running.complaints()}")
                return line["nanoseconds"] / count / 1000

            microseconds("client", WARM_UP)
            microseconds("bare", WARM_UP)
            # By turns, so that what else the machine does meets both.
            pairs = [(microseconds("client"), microseconds("bare")) for _ in range(options.rounds)]
    return compared(pairs)


def compared(pairs):
    """Medians of the rounds, unless the rounds say something else each time."""
    ratios = [client / bare for client, bare in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4)
    spread = (high - low) / middle
    if spread > MOST_SPREAD:
        raise Unmeasured(f"the rounds differ too much (middle half of the ratios {low:.2f} to {high:.2f})")
    return {
        "clientMicroseconds": round(statistics.median(client for client, _ in pairs), 1),
        "bareMicroseconds": round(statistics.median(bare for _, bare in pairs), 1),
        "ratio": round(middle, 2),
        "ratioSpread": round(spread, 3),
        "rounds": len(pairs),
    }


# The table

MEASURES = {"transcripts": transcripts, "restarts": restarts, "stream": stream, "request": request}


def measured(language, driver, options):
    """One row: each figure, or why there is none."""
    row = {"language": language}
    try:
        with Folder() as folder:
            name, known = features(driver, folder)
    except DriverFailure as failure:
        return {**row, "failed": str(failure)}
    for part in options.parts:
        print(f"{language}: {part} …", file=sys.stderr, flush=True)
        try:
            row[part] = MEASURES[part](driver, known, options)
        except Unmeasured as why:
            row[part] = {"none": str(why)}
        except (Wrong, restarting.Lost, DriverFailure, StartFailure) as failure:
            row[part] = {"failed": str(failure)}
    return row


def failures(rows):
    """What keeps the table from being good."""
    found = []
    for row in rows:
        if "failed" in row:
            found.append(f"{row['language']}: {row['failed']}")
        for part in PARTS:
            figure = row.get(part, {})
            if "failed" in figure and part != "transcripts":
                found.append(f"{row['language']}: {part}: {figure['failed']}")
            if part == "transcripts" and figure.get("failures"):
                found.append(f"{row['language']}: transcripts failed: {' '.join(figure['failures'])}")
    return found


def cell(part, figure):
    """One figure for people."""
    if figure is None:
        return ""
    if "none" in figure:
        return "–"
    if part == "transcripts":
        return f"{figure['passed']} of {figure['passed'] + figure['failed']}"
    if "failed" in figure:
        return "failed"
    if part == "restarts":
        return f"{figure['restarts']}" + ("" if figure["measured"] == "stream" else " (single calls)")
    if part == "stream":
        return f"{figure['seconds']:.1f} s, {figure['peakKiB'] / 1024:.0f} MiB"
    return f"{figure['clientMicroseconds']:.0f} µs, {figure['bareMicroseconds']:.0f} µs, {figure['ratio']:.2f}"


def table(rows, options):
    """The rows as Markdown."""
    titles = {
        "transcripts": "transcripts",
        "restarts": "restarts survived",
        "stream": f"{options.accounts:,} accounts streamed, peak memory",
        "request": "a request, bare loop, ratio",
    }
    lines = ["| language | " + " | ".join(titles[part] for part in options.parts) + " |"]
    lines.append("| --- |" + " ---: |" * len(options.parts))
    for row in rows:
        if "failed" in row:
            lines.append(f"| {row['language']} |" + " failed |" * len(options.parts))
        else:
            cells = [cell(part, row.get(part)) for part in options.parts]
            lines.append(f"| {row['language']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def notes(rows):
    """Why figures are not there."""
    return [
        f"{row['language']}: no figure for {part}: {row[part]['none']}"
        for row in rows
        for part in PARTS
        if "none" in row.get(part, {})
    ]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="measure", description="One table of all clients, by a real daemon.")
    parser.add_argument("languages", nargs="*", help=f"default: all ({', '.join(languages())})")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of Markdown")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"which columns (default {','.join(PARTS)})")
    parser.add_argument("--accounts", type=int, default=100_000, help="to stream (default 100000)")
    parser.add_argument("--restarts", type=int, default=100, help="of the daemon under load (default 100)")
    parser.add_argument("--rounds", type=int, default=25, help="of each loop (default 25)")
    parser.add_argument("--count", type=int, default=400, help="requests in a round (default 400)")
    parser.add_argument("--jobs", type=int, default=6, help="transcripts at once (default 6)")
    options = parser.parse_args(arguments)
    options.parts = options.parts.split(",")
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"no such column: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def main(arguments):
    options = parse(arguments)
    end_children_on_signals()
    known = languages()
    if unknown := [name for name in options.languages if name not in known]:
        raise SystemExit(f"measure: no driver for {', '.join(unknown)}; there are {', '.join(known)}")
    rows = [measured(name, known[name], options) for name in options.languages or known]
    if options.json:
        print(json.dumps({"rows": rows}, ensure_ascii=False, indent=1))
    else:
        print(table(rows, options))
        for note in notes(rows):
            print(f"\n{note}")
    for failure in failures(rows):
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures(rows) or not rows else 0
