"""measure: figures, and the refusal of figures."""

import argparse
import unittest
from pathlib import Path

from conformance import measure
from conformance.measure import Unmeasured, compared, failures, measured, table

TESTS = Path(__file__).resolve().parent
SMALL = argparse.Namespace(parts=["stream", "request"], accounts=2000, restarts=2, rounds=5, count=50, jobs=4)


class MeasureTests(unittest.TestCase):
    def test_medians(self):
        found = compared([(30.0, 20.0), (33.0, 22.0), (30.0, 20.0), (300.0, 200.0), (15.0, 10.0)])
        self.assertEqual((found["clientMicroseconds"], found["bareMicroseconds"], found["ratio"]), (30.0, 20.0, 1.5))

    def test_rounds_that_differ_are_no_figure(self):
        self.assertRaises(Unmeasured, compared, [(10.0, 10.0), (20.0, 10.0), (40.0, 10.0), (10.0, 20.0), (30.0, 10.0)])

    def test_a_driver_is_measured(self):
        row = measured("reference", [TESTS / "reference_driver"], SMALL)
        self.assertEqual(row["stream"]["accounts"], 2000)
        self.assertGreater(row["stream"]["peakKiB"], 5000)
        # On a busy machine there may be no figure; then there is a reason.
        self.assertTrue(set(row["request"]) & {"ratio", "none"}, row)
        self.assertEqual(failures([row]), [])
        self.assertIn("2,000 accounts", table([row], SMALL))

    def test_a_driver_that_answers_wrong_fails(self):
        row = measured("silent", [TESTS / "silent_driver"], SMALL)
        self.assertEqual(len(failures([row])), 2, row)

    def test_a_driver_that_does_not_start_fails(self):
        row = measured("none", ["/bin/false"], SMALL)
        self.assertEqual(len(failures([row])), 1)
        self.assertIn("failed", table([row], SMALL))

    def test_failures_of_transcripts_are_named(self):
        rows = [{"language": "x", "transcripts": {"passed": 1, "failed": 1, "not_applicable": 0, "failures": ["ping"]}}]
        self.assertIn("ping", failures(rows)[0])
        self.assertIn("1 of 2", table(rows, argparse.Namespace(parts=["transcripts"], accounts=1)))

    def test_peak_memory_counts_the_whole_tree(self):
        import subprocess

        with subprocess.Popen(["sh", "-c", "cat; true"], stdin=subprocess.PIPE, start_new_session=True) as parent:
            memory = measure.PeakMemory(parent.pid)
            while len(memory.peaks) < 2:
                memory.sample()
            parent.stdin.close()
        self.assertGreater(memory.total(), 0)
