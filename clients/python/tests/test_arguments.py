import unittest
from pathlib import Path

import imattr
from imattr._arguments import (
    batches,
    check_accounts,
    check_partial,
    check_stream,
    check_timeout,
    distinct,
    given_path,
    max_age_milliseconds,
)

ACCEPTED = ["a", " ", "Zhang Xiaohong", "a" * 255, "é" * 127, "張" * 85, "\0", "🏙"]


class Accounts(unittest.TestCase):
    def test_accepted(self):
        self.assertEqual(distinct(ACCEPTED), ACCEPTED)

    def test_each_once_and_compared_as_bytes(self):
        accounts = iter(["b", "\u00e9", "b", "e\u0301", "a", "\u00e9"])
        self.assertEqual(distinct(accounts), ["b", "\u00e9", "e\u0301", "a"])

    def test_refused_with_index_value_and_what_is_allowed(self):
        for account, problem in [
            ("", "is empty"),
            ("a" * 256, "of 256 bytes"),
            ("é" * 128, "of 256 bytes"),
            ("\ud800", "surrogate"),
            (7, "is 7, a int"),
            (b"abc", "a bytes"),
            (None, "a NoneType"),
            (["a"], "a list"),
        ]:
            pattern = rf"(?s)^accounts\[1\] .*{problem}.* must be a str of 1 to 255 bytes of UTF-8$"
            with self.subTest(repr(account)), self.assertRaisesRegex(imattr.ArgumentError, pattern):
                distinct(["a", account])

    def test_one_account_is_no_list_of_accounts(self):
        for accounts in ["abc", b"abc"]:
            with self.assertRaisesRegex(imattr.ArgumentError, r"such as \[b?'abc'\]"):
                check_accounts(accounts)

    def test_what_is_no_list_of_accounts(self):
        for accounts in [None, 7, object()]:
            with self.assertRaisesRegex(imattr.ArgumentError, "^accounts is .*; it must be an iterable of accounts$"):
                distinct(accounts)


class Batches(unittest.TestCase):
    def test_sizes_and_laziness(self):
        accounts = iter("abcdefg")
        found = batches(accounts, 3)
        self.assertEqual(next(found), ["a", "b", "c"])
        self.assertEqual(next(accounts), "d")
        self.assertEqual(list(found), [["e", "f", "g"]])

    def test_index_counts_from_the_first(self):
        found = batches(["a", "b", "c", ""], 2)
        next(found)
        with self.assertRaisesRegex(imattr.ArgumentError, r"accounts\[3\]"):
            next(found)


class Numbers(unittest.TestCase):
    def test_times(self):
        for seconds in [0.001, 1, 30.0, 600]:
            check_timeout(seconds)
        self.assertEqual([max_age_milliseconds(s) for s in [0, 0.29, 1.001, 3600]], [0, 290, 1001, 3_600_000])

    def test_times_out_of_range(self):
        for seconds in [0, 0.0009, -1, 600.001, float("nan"), float("inf"), None, "1", True]:
            with self.subTest(seconds), self.assertRaisesRegex(imattr.ArgumentError, "timeout .* 0.001 to 600 seconds"):
                check_timeout(seconds)
        for seconds in [-0.001, 3600.5, float("nan"), None]:
            with self.subTest(seconds), self.assertRaisesRegex(imattr.ArgumentError, "max_age .* 0 to 3600 seconds"):
                max_age_milliseconds(seconds)

    def test_counts(self):
        check_stream(1, 1)
        check_stream(10_000, 1024)
        for count in [0, -1, 1.0, True, None, "1", 10_001]:
            with self.subTest(count), self.assertRaisesRegex(imattr.ArgumentError, "^batch .* from 1 to 10000"):
                check_stream(count, 1)
        for count in [0, 1025]:
            with self.subTest(count), self.assertRaisesRegex(imattr.ArgumentError, "^in_flight .* from 1 to 1024"):
                check_stream(1, count)

    def test_partial(self):
        for partial in [None, 1, "no"]:
            with self.assertRaisesRegex(imattr.ArgumentError, "^partial is "):
                check_partial(partial)

    def test_paths(self):
        self.assertEqual([given_path(path) for path in [None, "/a", b"/a", Path("/a")]], [None, "/a", "/a", "/a"])
        with self.assertRaisesRegex(imattr.ArgumentError, "^path is 7"):
            given_path(7)


if __name__ == "__main__":
    unittest.main()
