"""restarts: what survives is told from what does not."""

import unittest
from pathlib import Path

from conformance import restarts
from conformance.echo import EchoCount
from conformance.restarts import Lost

REFERENCE = Path(__file__).resolve().parent / "reference_driver"


class RestartTests(unittest.TestCase):
    def test_a_stream_survives(self):
        found = restarts.measure([REFERENCE], restarts=4)
        self.assertEqual((found["restarts"], found["answeredOnce"]), (4, 4000))

    def test_calls_survive(self):
        found = restarts.measure(["env", "FEATURES=concurrent,reconnect", REFERENCE], restarts=2)
        self.assertEqual((found["measured"], found["answeredOnce"]), ("calls", 2 * restarts.CALLS_PER_RESTART))

    def test_a_client_that_does_not_repeat_is_found(self):
        for mistake in ("no-repeat", "no-repeat-32004"):
            with self.subTest(mistake=mistake):
                self.assertRaises(Lost, restarts.measure, ["env", f"WRONG={mistake}", REFERENCE], restarts=4)


class EchoCountTests(unittest.TestCase):
    def setUp(self):
        self.count = EchoCount("u", 3)

    def user(self, account, attributes_of=None):
        return {"call": "s", "user": {"To_Account": account, "Attrs": {"account": attributes_of or account}}}

    def test_all_once(self):
        for number in (2, 0, 1):
            self.assertIsNone(self.count.take(self.user(f"u{number}")))
        self.assertIsNone(self.count.lack())

    def test_what_is_wrong(self):
        self.assertIsNone(self.count.take(self.user("u1")))
        for event in [self.user("u1"), self.user("u2", "u1"), self.user("u3"), self.user("u02"), self.user("x")]:
            self.assertIsNotNone(self.count.take(event))
        self.assertIsNotNone(self.count.take({"call": "s", "missing": {"To_Account": "u2"}}))
        self.assertIsNotNone(self.count.take({"call": "s", "error": {"kind": "lost"}}))
        self.assertIn("2 of 3", self.count.lack())
