"""The exchange on a clock that the test sets, with real sockets."""

import errno
import os
import unittest
from select import EPOLLIN, EPOLLOUT

import imattr
from fake_daemon import FakeDaemon, line
from imattr._call import Call
from imattr._exchange import NEVER, Exchange
from imattr._methods import AnyMethod, Ping


class Poller:
    """Notes what is to be watched."""

    def __init__(self):
        self.watched = {}

    def register(self, fd, mask):
        assert fd not in self.watched
        self.watched[fd] = mask

    def modify(self, fd, mask):
        assert fd in self.watched
        self.watched[fd] = mask

    def unregister(self, fd):
        del self.watched[fd]


class ExchangeTest(unittest.TestCase):
    def setUp(self):
        self.daemon = FakeDaemon()
        self.addCleanup(self.daemon.close)
        self.poller = Poller()
        self.exchange = Exchange(self.daemon.path, self.poller)
        self.addCleanup(self.exchange.close, "the test is over")
        self.call = Call()
        self.now = 100.0

    def start(self, timeout=30.0):
        request = Ping(self.call, self.now + timeout)
        self.exchange.start(request, self.now)
        return request

    def read(self):
        """Lets the exchange read what is there."""
        for fd in list(self.poller.watched):
            self.exchange.ready(fd, EPOLLIN, self.now)

    def tick(self, now=None):
        """Goes to a time, or to the next tick."""
        self.now = self.exchange.next_tick if now is None else now
        self.exchange.tick(self.now)

    def assert_failed(self, request, kind):
        self.assertIn(request, self.call.settled_requests)
        self.assertIs(type(request.error), kind)

    def assert_waits(self, *requests):
        for request in requests:
            self.assertNotIn(request, self.call.settled_requests)


class Requests(ExchangeTest):
    def test_answers_in_any_order_on_one_connection(self):
        first, second = self.start(), self.start()
        connection = self.daemon.accept()
        one, two = connection.requests(2)
        self.assertEqual((one["id"], two["id"]), (1, 2))
        connection.answer(two, "pong")
        self.read()
        self.assert_waits(first)
        connection.answer(one, "pong")
        self.read()
        self.assertEqual(list(self.call.settled_requests), [second, first])
        self.assertFalse(self.daemon.has_caller())

    def test_what_nobody_waits_for_is_ignored(self):
        request = self.start()
        connection = self.daemon.accept()
        asked = connection.request()
        for number in [0, 2, 99, -1, 1.5, "1", True, [1], {"a": 1}]:
            connection.answer({"id": number}, "pong")
        self.read()
        self.assert_waits(request)
        connection.answer(asked, "pong")
        connection.answer(asked, "pung")
        self.read()
        self.assertEqual(list(self.call.settled_requests), [request])
        self.assertIsNone(request.error)

    def test_withdrawing_tells_the_daemon_and_its_answer_is_ignored(self):
        request, other = self.start(), self.start()
        connection = self.daemon.accept()
        one, two = connection.requests(2)
        self.exchange.withdraw(request, imattr.CancelledError("enough"))
        self.assert_failed(request, imattr.CancelledError)
        cancelling = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": one["id"]}}
        self.assertEqual(connection.request(), cancelling)
        connection.refuse(one, -32800)
        connection.answer(two, "pong")
        self.read()
        self.assertEqual(list(self.call.settled_requests), [request, other])

    def test_withdrawing_what_is_answered_does_nothing(self):
        request = self.start()
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pong")
        self.read()
        self.exchange.withdraw(request, imattr.CancelledError("late"))
        self.assertIsNone(request.error)
        self.assertEqual(len(self.call.settled_requests), 1)

    def test_a_daemon_that_does_not_read_is_waited_for(self):
        size = 3_000_000
        request = AnyMethod(self.call, self.now + 30, "m", ["x" * size])
        self.exchange.start(request, self.now)
        after = self.start()
        connection = self.daemon.accept()
        (fd,) = self.poller.watched
        self.assertEqual(self.poller.watched[fd], EPOLLIN | EPOLLOUT)
        received = 0
        while self.poller.watched[fd] & EPOLLOUT:
            received += len(connection.socket.recv(1 << 16))
            self.exchange.ready(fd, EPOLLOUT, self.now)
        while received < size:
            received += len(connection.socket.recv(1 << 16))
        connection.answer({"id": after.number}, "pong")
        connection.answer({"id": request.number}, 1)
        self.read()
        self.assertEqual(list(self.call.settled_requests), [after, request])

    def test_closing_ends_all_and_refuses_more(self):
        self.exchange.start(Ping(self.call, self.now + 30), self.now)
        connection = self.daemon.accept()
        connection.request()
        sent = self.start()
        self.exchange.close("the client was closed")
        later = self.start()
        for request in [sent, later]:
            self.assert_failed(request, imattr.CancelledError)
        self.assertEqual(self.poller.watched, {})
        self.assertIsNotNone(connection.request())
        self.assertIsNone(connection.request())


class Deadlines(ExchangeTest):
    def test_an_answer_may_come_one_second_late(self):
        request, shorter = self.start(timeout=5), self.start(timeout=4.5)
        connection = self.daemon.accept()
        asked, _ = connection.requests(2)
        self.tick(105.9)
        self.assert_failed(shorter, imattr.DeadlineError)
        self.assert_waits(request)
        connection.answer(asked, "pong")
        self.read()
        self.assertIsNone(request.error)

    def test_no_answer(self):
        request = self.start(timeout=5)
        connection = self.daemon.accept()
        asked = connection.request()
        self.tick()
        self.assertEqual(self.now, 106)
        self.assert_failed(request, imattr.DeadlineError)
        self.assertEqual(connection.request()["params"], {"id": asked["id"]})
        self.assertEqual(self.exchange.next_tick, NEVER)
        connection.answer(asked, "pong")
        self.assertIsNone(self.start().error)

    def test_what_has_arrived_is_read_before_giving_up(self):
        answered, late = self.start(timeout=5), self.start(timeout=5)
        connection = self.daemon.accept()
        first, second = connection.requests(2)
        # More than one read takes in, and an answer behind that.
        other = line({"jsonrpc": "2.0", "id": 999_999, "result": "x" * 100_000})
        connection.send(other + line({"jsonrpc": "2.0", "id": first["id"], "result": "pong"}))
        self.tick(1000)
        self.assertIsNone(answered.error)
        self.assert_failed(late, imattr.DeadlineError)
        self.assertEqual(connection.request()["params"], {"id": second["id"]})

    def test_what_has_arrived_before_the_end_of_a_connection_is_read_before_giving_up(self):
        answered = self.start(timeout=5)
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pong")
        connection.close()
        self.tick(1000)
        self.assertIsNone(answered.error)

    def test_tick_may_be_early_and_never_late(self):
        long, short = self.start(timeout=60), self.start(timeout=2)
        connection = self.daemon.accept()
        connection.requests(2)
        self.tick()
        self.assert_failed(short, imattr.DeadlineError)
        self.assert_waits(long)
        self.assertEqual(self.exchange.next_tick, 161)

    def test_nothing_is_asked_once_the_time_is_over(self):
        request = self.start(timeout=0)
        self.assert_failed(request, imattr.DeadlineError)
        self.assertFalse(self.daemon.has_caller())


class Endings(ExchangeTest):
    def connected(self):
        """A connection on which something has been answered."""
        self.start()
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pong")
        self.read()
        self.call.settled_requests.clear()
        return connection

    def test_what_was_in_flight_is_repeated_at_once_with_what_is_left_of_its_time(self):
        connection = self.connected()
        request = AnyMethod(self.call, self.now + 30, "m", None)
        self.exchange.start(request, self.now)
        asked = connection.request()
        connection.send(b'{"jsonrpc":"2.0","id":%d,"res' % asked["id"])
        connection.close()
        self.read()
        self.read()
        again = self.daemon.accept()
        repeated = again.request()
        self.assertEqual(repeated["method"], "m")
        self.assertNotEqual(repeated["id"], asked["id"])
        again.answer(repeated, 1)
        self.read()
        self.assertEqual(request.value, 1)

    def test_the_end_while_nothing_is_in_flight_is_followed_by_a_new_connection(self):
        self.connected().close()
        self.read()
        self.assertEqual(self.poller.watched, {})
        self.start()
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_hanging_up_without_an_answer_is_met_with_patience(self):
        request = self.start()
        pauses = []
        for _ in range(8):
            self.daemon.accept().close()
            ended = self.now
            self.read()
            self.assertFalse(self.daemon.has_caller())
            self.tick()
            pauses.append(self.now - ended)
        for pause, expected in zip(pauses, [0.05, 0.1, 0.2, 0.4, 0.8, 1, 1, 1]):
            self.assertGreaterEqual(pause, expected * 0.999)
            self.assertLess(pause, expected * 1.5)
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pong")
        self.read()
        self.assertIsNone(request.error)
        connection.close()
        self.read()
        self.start()
        self.daemon.accept().close()
        self.read()
        self.assertLess(self.exchange.next_tick - self.now, 0.1)

    def test_nobody_there_again_is_waited_for(self):
        connection = self.connected()
        self.daemon.stop()
        connection.close()
        self.read()
        request = self.start(timeout=10)
        for _ in range(3):
            self.tick()
            self.assert_waits(request)
        self.daemon.start()
        self.tick()
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_lost_at_the_deadline(self):
        connection = self.connected()
        early, late = self.start(timeout=5), self.start(timeout=500)
        self.daemon.stop()
        connection.close()
        self.read()
        while not self.call.settled_requests:
            self.tick()
        self.assertEqual(self.now, 105)
        self.assert_failed(early, imattr.LostError)
        self.assert_waits(late)
        for _ in range(2000):
            if late.error is None:
                self.tick()
        self.assertEqual(self.now, 600)
        self.assert_failed(late, imattr.LostError)
        self.daemon.start()

    def test_lost_between_the_deadline_and_its_grace(self):
        connection = self.connected()
        request = self.start(timeout=5)
        connection.request()
        self.now = 105.5
        connection.close()
        self.read()
        self.assert_failed(request, imattr.LostError)

    def test_an_unsent_request_can_be_withdrawn(self):
        connection = self.connected()
        self.daemon.stop()
        connection.close()
        self.read()
        request = self.start()
        self.exchange.withdraw(request, imattr.CancelledError("enough"))
        self.assert_failed(request, imattr.CancelledError)
        self.daemon.start()
        self.tick()
        self.assertFalse(self.daemon.has_caller())

    def test_a_refusal_is_read_though_writing_failed(self):
        connection = self.connected()
        requests = [self.start()]
        connection.refuse(None, -32000, limitName="maxConnections")
        connection.close()
        requests.append(self.start())
        self.read()
        for request in requests:
            self.assert_failed(request, imattr.RefusedError)
            self.assertEqual(request.error.limit_name, "maxConnections")

    def test_what_came_while_nothing_was_asked_is_no_answer_to_the_next_request(self):
        connection = self.connected()
        connection.refuse(None, -32600)
        connection.close()
        request = self.start()
        self.read()
        self.assert_waits(request)
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_an_interrupt_costs_the_connection_and_no_request(self):
        class Interrupted(Ping):
            __slots__ = ("interrupted",)

            def read(self, result):
                if not self.interrupted:
                    self.interrupted = True
                    raise KeyboardInterrupt

        request = Interrupted(self.call, self.now + 30)
        request.interrupted = False
        self.exchange.start(request, self.now)
        other = self.start()
        connection = self.daemon.accept()
        asked, _ = connection.requests(2)
        connection.answer(asked, "pong")
        with self.assertRaises(KeyboardInterrupt):
            self.read()
        self.exchange.break_off()
        self.assertIsNone(connection.request())
        self.tick(self.now)
        connection = self.daemon.accept()
        for asked in connection.requests(2):
            connection.answer(asked, "pong")
        self.read()
        self.assertEqual(set(self.call.settled_requests), {request, other})


class ShuttingDown(ExchangeTest):
    def test_one_is_repeated_elsewhere_while_another_is_answered(self):
        first, second = self.start(), self.start()
        old = self.daemon.accept()
        one, two = old.requests(2)
        old.refuse(one, -32004, retryable=True, retryAfterMs=300)
        self.read()
        self.assertFalse(self.daemon.has_caller())
        self.tick()
        self.assertAlmostEqual(self.now, 100.3)
        new = self.daemon.accept()
        repeated = new.request()
        old.answer(two, "pong")
        self.read()
        self.assertEqual(list(self.call.settled_requests), [second])
        self.assertIsNone(old.request())
        new.answer(repeated, "pong")
        self.read()
        self.assertIsNone(first.error)

    def test_what_is_new_does_not_wait(self):
        self.start()
        old = self.daemon.accept()
        old.refuse(old.request(), -32004, retryAfterMs=5000)
        self.read()
        self.start()
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_a_daemon_that_never_says_when_is_not_asked_in_a_tight_loop(self):
        self.start(timeout=5)
        for number in range(3):
            connection = self.daemon.accept()
            connection.refuse(connection.request(), -32004)
            self.read()
            self.tick()
            self.assertAlmostEqual(self.now, 100 + 0.05 * (number + 1))

    def test_lost_if_it_is_too_late_to_come_again(self):
        request = self.start(timeout=5)
        connection = self.daemon.accept()
        connection.refuse(connection.request(), -32004, retryAfterMs=6000)
        self.read()
        self.tick()
        self.assertEqual(self.now, 105)
        self.assert_failed(request, imattr.LostError)


class Connecting(ExchangeTest):
    def test_the_first_connection_is_not_waited_for(self):
        self.daemon.stop()
        request = self.start()
        self.assert_failed(request, imattr.UnreachableError)
        self.assertEqual(request.error.filename, self.daemon.path)
        self.daemon.start()

    def test_a_daemon_behind_with_accepting_is_waited_for(self):
        self.daemon.stop()
        self.daemon.backlog = 0
        self.daemon.start()
        other = Exchange(self.daemon.path, Poller())
        self.addCleanup(other.close, "the test is over")
        other.start(Ping(Call(), self.now + 30), self.now)
        request = self.start(timeout=5)
        self.tick()
        self.assert_waits(request)
        self.daemon.accept()
        self.tick()
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_other_ends_of_a_path(self):
        for path, name in [("/" + "x" * 200, "ENAMETOOLONG"), ("/dev/null/x", "ENOTDIR"), ("/dev/null", "ECONNREFUSED")]:
            exchange = Exchange(path, Poller())
            call = Call()
            exchange.start(Ping(call, self.now + 30), self.now)
            with self.subTest(path), self.assertRaises(imattr.UnreachableError) as caught:
                call.take()
            self.assertEqual((caught.exception.filename, errno.errorcode[caught.exception.errno]), (path, name))

    def test_the_socket_is_closed_on_exec(self):
        self.start()
        (fd,) = self.poller.watched
        self.assertFalse(os.get_inheritable(fd))


class Violations(ExchangeTest):
    def test_all_in_flight_fail_and_the_next_call_connects_anew(self):
        first, second = self.start(), self.start()
        connection = self.daemon.accept()
        connection.requests(2)
        connection.send(b"220 mail.example.org ESMTP\r\n")
        self.read()
        for request in [first, second]:
            self.assert_failed(request, imattr.ProtocolError)
        self.assertIsNot(first.error, second.error)
        self.assertIsNone(connection.request())
        self.start()
        self.assertEqual(self.daemon.accept().request()["method"], "ping")

    def test_a_result_of_another_shape(self):
        request = self.start()
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pung")
        self.read()
        self.assert_failed(request, imattr.ProtocolError)
        self.assertIsNone(connection.request())

    def test_nothing_is_taken_from_a_connection_that_is_over(self):
        first, second = self.start(), self.start()
        connection = self.daemon.accept()
        connection.requests(2)
        connection.send(
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}\n'
            b'{"jsonrpc":"2.0","id":2,"result":"pong"}\n'
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}\n'
        )
        self.read()
        for request in [first, second]:
            self.assert_failed(request, imattr.RefusedError)


if __name__ == "__main__":
    unittest.main()
