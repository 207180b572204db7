"""Patterns match what they should, and nothing else."""

import unittest

from conformance.matching import complaint

MATCHES = [
    ({"a": 1, "b": [True, None]}, {"b": [True, None], "a": 1}),
    (1, 1.0),
    (123456789012345678901234567890, 123456789012345678901234567890),
    ({"$any": True}, {"whatever": []}),
    ({"$oneOf": ["x", {"y": 1}]}, {"y": 1}),
    ({"$between": [1, 5]}, 5),
    ({"$contains": "imattr"}, "the group imattr"),
    ({"$has": {"a": 1}}, {"a": 1, "b": 2}),
    ({"a": {"$absentOr": 0}}, {}),
    ({"a": {"$absentOr": 0}}, {"a": 0}),
    ({"$notAnOperator": 1}, {"$notAnOperator": 1}),
    ({"$any": 1, "$oneOf": 2}, {"$any": 1, "$oneOf": 2}),
]
DIFFERS = [
    (1, True),
    (0, False),
    (None, 0),
    ("1", 1),
    ("e\u0301", "\u00e9"),
    ({}, []),
    ([], {}),
    ([1, 2], [2, 1]),
    ([1], [1, 2]),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": 1, "b": 2}, {"a": 1}),
    (9007199254740993, 9007199254740992.0),
    ({"$between": [1, 5]}, 6),
    ({"$between": [0, 5]}, True),
    ({"$between": [0, 5]}, "3"),
    ({"$contains": "x"}, None),
    ({"$oneOf": []}, 1),
    ({"$has": {"a": 1}}, {"a": 2}),
    ({"a": {"$absentOr": 0}}, {"a": 1}),
]


class MatchingTests(unittest.TestCase):
    def test_what_matches(self):
        for pattern, value in MATCHES:
            with self.subTest(pattern=pattern):
                self.assertIsNone(complaint(pattern, value))

    def test_what_differs(self):
        for pattern, value in DIFFERS:
            with self.subTest(pattern=pattern):
                self.assertIsNotNone(complaint(pattern, value))

    def test_a_complaint_names_the_place(self):
        self.assertIn("a.b[1]", complaint({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}))
