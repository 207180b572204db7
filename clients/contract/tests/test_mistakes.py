"""The transcripts find mistakes, and only mistakes."""

import contextlib
import re
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from conformance import player, runner
from conformance.transcript import FEATURES, FOLDER, Transcript, all_transcripts

from .mistakes import MISTAKES

HERE = Path(__file__).resolve().parent
REFERENCE = [HERE / "reference_driver"]
SILENT = [HERE / "silent_driver"]
JOBS = 8


@contextlib.contextmanager
def impatient():
    """What must fail need not be waited for as long as what may be slow."""
    with mock.patch.object(player, "STEP_PATIENCE", 4), mock.patch.object(player, "PENDING_PATIENCE", 1):
        yield


class ReferenceTests(unittest.TestCase):
    def test_the_reference_passes_every_transcript(self):
        outcomes = runner.play_all(all_transcripts(), REFERENCE, FEATURES, JOBS)
        reports = [runner.report(outcome, False) for outcome in outcomes if outcome.result != runner.PASSED]
        self.assertEqual(reports, [])

    def test_no_transcript_passes_without_a_client(self):
        with impatient():
            outcomes = runner.play_all(all_transcripts(), SILENT, FEATURES, JOBS)
        passed = [outcome.transcript.name for outcome in outcomes if outcome.result != runner.FAILED]
        self.assertEqual(passed, [])


class MistakeTests(unittest.TestCase):
    def test_each_mistake_is_found(self):
        pairs = [(mistake, name) for mistake, names in MISTAKES.items() for name in names]
        with impatient(), ThreadPoolExecutor(JOBS) as pool:
            results = list(pool.map(self.play, pairs))
        self.assertEqual([pair for pair, result in zip(pairs, results) if result != runner.FAILED], [])

    @staticmethod
    def play(pair):
        mistake, name = pair
        command = ["env", f"WRONG={mistake}", *REFERENCE]
        return runner.play(Transcript(FOLDER / f"{name}.jsonl"), command, FEATURES).result

    def test_each_mistake_can_be_made(self):
        source = (HERE / "reference_client.py").read_text() + REFERENCE[0].read_text()
        made = set(re.findall(r'"([a-z0-9-]+)" (?:not )?in (?:self\.)?(?:client\.)?(?:mistakes|MISTAKES)', source))
        made |= set(re.findall(r'"(sequential|no-window)": ', source))
        self.assertEqual(made, set(MISTAKES))
