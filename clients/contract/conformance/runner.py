"""The command `run`."""

import argparse
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .daemon import Folder
from .driver import DriverFailure, features
from .player import SYSTEM_PATH, Failure, Player
from .processes import end_children_on_signals
from .transcript import FOLDER, Transcript, TranscriptError, all_transcripts

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"


class Outcome:
    """What came of a transcript."""

    def __init__(self, transcript, result, why="", step=None, conversation=(), seconds=0.0):
        self.transcript = transcript
        self.result = result
        self.why = why
        self.step = step
        self.conversation = list(conversation)
        self.seconds = seconds

    def as_json(self):
        found = {"name": self.transcript.name, "title": self.transcript.title, "result": self.result}
        if self.why:
            found["why"] = self.why
        if self.result == FAILED:
            found.update(line=self.step, conversation=self.conversation)
        return {**found, "seconds": round(self.seconds, 3)}


def play(transcript, command, features_known):
    """Plays one transcript; its Outcome."""
    if lacking := [feature for feature in transcript.needs if feature not in features_known]:
        return Outcome(transcript, NOT_APPLICABLE, f"needs {', '.join(lacking)}")
    if transcript.header.get("environment", "set") != "set" and os.path.lexists(SYSTEM_PATH):
        return Outcome(transcript, NOT_APPLICABLE, f"there is a daemon at {SYSTEM_PATH}")
    begin = time.monotonic()
    with Folder() as folder:
        player = Player(transcript, command, folder, features_known)
        try:
            player.play()
        except Failure as failure:
            return Outcome(transcript, FAILED, str(failure), player.position, player.log, time.monotonic() - begin)
        except DriverFailure as failure:
            return Outcome(transcript, FAILED, str(failure), None, player.log, time.monotonic() - begin)
    return Outcome(transcript, PASSED, seconds=time.monotonic() - begin)


def play_all(transcripts, command, features_known, jobs, tell=lambda outcome: None):
    """Plays them beside each other, those that need much memory one by one; the outcomes in order."""
    alone = threading.Lock()

    def one(transcript):
        if transcript.header.get("heavy"):
            with alone:
                outcome = play(transcript, command, features_known)
        else:
            outcome = play(transcript, command, features_known)
        tell(outcome)
        return outcome

    pool = ThreadPoolExecutor(jobs)
    try:
        return list(pool.map(one, transcripts))
    finally:
        pool.shutdown(cancel_futures=True)


def report(outcome, everything):
    """A line or more for people."""
    name = outcome.transcript.name
    if outcome.result == PASSED:
        return f"ok - {name}" if everything else None
    if outcome.result == NOT_APPLICABLE:
        return f"n/a - {name}: {outcome.why}" if everything else None
    place = f"line {outcome.step}" if outcome.step else "at the end"
    lines = [f"not ok - {name}: {outcome.transcript.title}", f"  {place}: {outcome.why}"]
    if "why" in outcome.transcript.header:
        lines.append(f"  why: {outcome.transcript.header['why']}")
    lines.append("  the conversation so far:")
    lines += [f"    {line}" for line in outcome.conversation[-40:]]
    return "\n".join(lines)


def counts(outcomes):
    return {
        result.replace(" ", "_"): sum(outcome.result == result for outcome in outcomes)
        for result in (PASSED, FAILED, NOT_APPLICABLE)
    }


def summary(name, outcomes, seconds):
    """The closing line."""
    found = counts(outcomes)
    text = f"{name}: {found['passed']} transcripts passed, {found['failed']} failed"
    if found["not_applicable"]:
        reasons = sorted({outcome.why for outcome in outcomes if outcome.result == NOT_APPLICABLE})
        text += f", {found['not_applicable']} not applicable ({'; '.join(reasons)})"
    return f"{text} in {seconds:.0f} s"


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="run", description="Plays the transcripts to a client through its driver. See README.md and FORMAT.md."
    )
    parser.add_argument("driver", help="the driver of the client under test")
    parser.add_argument("transcripts", nargs="*", help="names or files of transcripts (default: all)")
    parser.add_argument("--jobs", type=int, default=6, help="how many at once (default 6: they mostly wait)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines for people")
    parser.add_argument("--verbose", action="store_true", help="also name what passes or does not apply")
    parser.add_argument("--list", action="store_true", help="list the transcripts and what they need, play none")
    return parser.parse_args(arguments)


def chosen(names):
    if not names:
        return all_transcripts()
    return [Transcript(name if Path(name).suffix else FOLDER / f"{name}.jsonl") for name in names]


def main(arguments):
    if arguments[:1] == ["--list"]:
        arguments = ["-", *arguments]
    options = parse(arguments)
    end_children_on_signals()
    try:
        transcripts = chosen(options.transcripts)
        if options.list:
            for transcript in transcripts:
                print(f"{transcript.name}: {transcript.title} [{' '.join(transcript.needs)}]")
            return 0
        driver = driver_command("run", options.driver)
        with Folder() as folder:
            name, known = features(driver, folder)
    except (TranscriptError, DriverFailure) as error:
        sys.stderr.write(f"run: {error}\n")
        return 1
    return conclude(options, name, known, transcripts, driver)


def driver_command(program, path):
    """The words that start a driver."""
    driver = Path(path).resolve()
    if not os.access(driver, os.X_OK) or driver.is_dir():
        raise SystemExit(f"{program}: {path} is no program")
    return [driver]


def conclude(options, name, known, transcripts, driver):
    begin = time.monotonic()

    def tell(outcome):
        text = report(outcome, options.verbose)
        if text and not options.json:
            print(text, flush=True)

    outcomes = play_all(transcripts, driver, known, options.jobs, tell)
    seconds = time.monotonic() - begin
    if options.json:
        found = {"driver": name, "features": sorted(known), **counts(outcomes), "seconds": round(seconds, 1)}
        print(json.dumps({**found, "transcripts": [outcome.as_json() for outcome in outcomes]}, ensure_ascii=False))
    else:
        print(summary(name, outcomes, seconds))
    passed = counts(outcomes)
    return 0 if passed["passed"] and not passed["failed"] else 1
