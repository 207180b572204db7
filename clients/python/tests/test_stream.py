import gc
import itertools
import time
import tracemalloc
import unittest
from concurrent.futures import TimeoutError as FutureTimeout
from unittest import mock

import imattr
from fake_daemon import PATIENCE, echo, users
from test_client import ClientTest


class Input:
    """Accounts, which counts how many were taken."""

    def __init__(self, accounts):
        self.accounts = iter(accounts)
        self.taken = 0

    def __iter__(self):
        return self

    def __next__(self):
        account = next(self.accounts)
        self.taken += 1
        return account


def numbered():
    return map(str, itertools.count())


class Stream(ClientTest):
    def accounts_of(self, requests):
        return [request["params"]["To_Account"] for request in requests]

    def test_users_come_as_they_are_answered(self):
        future = self.begin(lambda: list(self.client.stream(["a", "b", "a", "c"], batch=3, max_age=1)))
        connection = self.daemon.accept()
        first, second = connection.requests(2)
        self.assertEqual(self.accounts_of([first, second]), [["a", "b", "a"], ["c"]])
        self.assertEqual(first["params"]["maxAgeMs"], 1000)
        errors = [{"To_Account": "c", "ErrorCode": 70107, "ErrorInfo": "who?"}]
        connection.answer(second, {"UserAttrs": [], "missing": ["c"], "ErrorList": errors})
        connection.answer(first, {"UserAttrs": [{"To_Account": "a", "Attrs": {}}], "missing": ["b"]})
        self.assertEqual(
            future.result(PATIENCE),
            [imattr.User("c", None, 70107, "who?"), imattr.User("a", {}), imattr.User("b", None)],
        )

    def test_no_account(self):
        self.assertEqual(list(self.client.stream([])), [])
        self.assertFalse(self.daemon.has_caller())

    def test_nothing_is_read_before_it_is_needed_nor_more_than_fits(self):
        accounts = Input(numbered())
        stream = self.client.stream(accounts, batch=10, in_flight=3)
        self.assertEqual(accounts.taken, 0)
        future = self.begin(next, stream)
        connection = self.daemon.accept()
        first, second, third = connection.requests(3)
        self.assertEqual(accounts.taken, 30)
        connection.answer(second, users(second["params"]["To_Account"]))
        self.assertEqual(future.result(PATIENCE).account, "10")
        for number in range(11, 20):
            self.assertEqual(next(stream).account, str(number))
            self.assertEqual(accounts.taken, 30)
        connection.answer(first, users(first["params"]["To_Account"]))
        connection.answer(third, users(third["params"]["To_Account"]))
        for _ in range(20):
            next(stream)
            # Ten were yielded when this one was asked for, so there was room for ten more.
            self.assertLessEqual(accounts.taken, 50)
        stream.close()

    def test_leaving_withdraws_what_is_in_flight(self):
        def leave_by_break():
            for _ in self.client.stream(numbered(), batch=1, in_flight=4):
                break

        def leave_by_closing():
            stream = self.client.stream(numbered(), batch=1, in_flight=4)
            next(stream)
            stream.close()

        def leave_in_a_cycle():
            cycle = [self.client.stream(numbered(), batch=1, in_flight=4)]
            cycle.append(cycle)
            next(cycle[0])
            del cycle
            gc.collect()

        connection = None
        for leave in [leave_by_break, leave_by_closing, leave_in_a_cycle]:
            with self.subTest(leave.__name__):
                future = self.begin(leave)
                connection = connection or self.daemon.accept()
                requests = connection.requests(4)
                connection.answer(requests[0], users(["0"]))
                future.result(PATIENCE)
                cancelled = {connection.request()["params"]["id"] for _ in range(3)}
                self.assertEqual(cancelled, {request["id"] for request in requests[1:]})

    def test_the_first_error_ends_it_after_what_was_answered_before(self):
        stream = self.client.stream(numbered(), batch=2, in_flight=4)
        future = self.begin(lambda: next(stream))
        connection = self.daemon.accept()
        requests = connection.requests(4)
        connection.answer(requests[2], users(["4", "5"]))
        self.assertEqual(future.result(PATIENCE).account, "4")
        connection.answer(requests[0], users(["0", "1"]))
        connection.refuse(requests[1], 60007, retryable=True, retryAfterMs=50)
        self.assertEqual([next(stream).account for _ in range(3)], ["5", "0", "1"])
        with self.assertRaises(imattr.RefusedError):
            next(stream)
        self.assertEqual(list(stream), [])
        self.assertEqual(connection.request()["params"], {"id": requests[3]["id"]})

    def test_a_wrong_account_and_a_failing_input_end_it(self):
        def failing():
            yield "a"
            raise OSError("disk")

        self.daemon.serve(echo)
        for accounts, failure in [(["a", ""], imattr.ArgumentError), (failing(), OSError)]:
            users_seen = []
            with self.assertRaises(failure):
                users_seen.extend(self.client.stream(accounts, batch=1, in_flight=1))

    def test_a_slow_input_does_not_hold_back_answers(self):
        connections = []

        def slow():
            yield "a"
            connection = self.daemon.accept()
            connections.append(connection)
            connection.answer(connection.request(), users(["a"]))
            yield "b"
            self.fail("read on, though there was something to yield")

        stream = self.client.stream(slow(), batch=1)
        self.assertEqual(next(stream).account, "a")
        stream.close()

    def test_repeated_on_a_new_connection(self):
        future = self.begin(lambda: sorted(user.account for user in self.client.stream(map(str, range(9)), batch=2)))
        connection = self.daemon.accept()
        requests = connection.requests(5)
        connection.answer(requests[1], users(["2", "3"]))
        connection.close()
        connection = self.daemon.accept()
        for request in connection.requests(4):
            connection.answer(request, users(request["params"]["To_Account"]))
        self.assertEqual(future.result(PATIENCE), list("012345678"))

    def test_time_in_which_the_consumer_does_not_look_is_not_the_daemons(self):
        skipped = 0.0
        clock = mock.Mock(side_effect=lambda: time.monotonic() + skipped)
        with mock.patch("imattr._client.monotonic", clock), mock.patch("imattr._threads.monotonic", clock):
            self.client = imattr.Client(self.daemon.path)
            self.addCleanup(self.client.close)
            stream = self.client.stream(["a", "b"], batch=1, timeout=5)
            future = self.begin(next, stream)
            connection = self.daemon.accept()
            first, second = connection.requests(2)
            connection.answer(first, users(["a"]))
            self.assertEqual(future.result(PATIENCE).account, "a")
            skipped = 100.0
            future = self.begin(next, stream)
            with self.assertRaises(FutureTimeout):
                future.result(0.1)  # It waits, where it should not fail.
            connection.answer(second, users(["b"]))
            self.assertEqual(future.result(PATIENCE).account, "b")

    def test_memory_is_bounded(self):
        self.daemon.serve(echo)
        peaks = []
        for count in [10_000, 40_000]:
            tracemalloc.start()
            self.assertEqual(sum(1 for _ in self.client.stream(map(str, range(count)), batch=100, in_flight=8)), count)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        self.assertLess(peaks[1], peaks[0] * 1.5 + 1_000_000)


if __name__ == "__main__":
    unittest.main()
