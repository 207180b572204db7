import gc
import json
import random
import signal
import threading
import unittest
import weakref
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import imattr
import scripts
from fake_daemon import PATIENCE, FakeDaemon, Refusal, echo, users


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.daemon = FakeDaemon()
        self.addCleanup(self.daemon.close)
        self.client = imattr.Client(self.daemon.path)
        self.addCleanup(self.client.close)
        self.pool = ThreadPoolExecutor(64)
        self.addCleanup(self.pool.shutdown)
        # Before the pool is shut down, what still waits in it is ended.
        self.addCleanup(self.client.close)

    def begin(self, function, *arguments, **options):
        """Makes a call in another thread."""
        return self.pool.submit(function, *arguments, **options)

    def assert_fails(self, future, kind):
        self.assertIs(type(future.exception(PATIENCE)), kind)


class Calls(ClientTest):
    def test_get_attrs(self):
        future = self.begin(self.client.get_attrs, iter(["b", "a", "b"]), timeout=20, max_age=60)
        connection = self.daemon.accept()
        request = connection.request()
        self.assertEqual(request["params"]["To_Account"], ["b", "a"])
        self.assertEqual(request["params"]["maxAgeMs"], 60_000)
        self.assertTrue(15_000 < request["params"]["timeoutMs"] <= 20_000)
        attrs = {"n": 10**40, "z": "é\u2028", "a": [1.5, None]}
        connection.answer(request, {"UserAttrs": [{"To_Account": "b", "Attrs": attrs}], "missing": ["a"]})
        result = future.result(PATIENCE)
        self.assertEqual(result.user_attrs, {"b": attrs})
        self.assertEqual(list(result.user_attrs["b"]), ["n", "z", "a"])
        self.assertEqual((result.missing, result.error_list), (["a"], []))

    def test_many_accounts_are_asked_for_in_parts_and_put_together_in_order(self):
        accounts = [f"user{number}" for number in range(20_000)]
        future = self.begin(self.client.get_attrs, accounts + accounts[::-1])
        connection = self.daemon.accept()
        waiting = connection.requests(32)
        pinged = self.begin(self.client.ping)
        connection.answer(connection.request(), "pong")
        self.assertIsNone(pinged.result(PATIENCE))
        answered = 0
        while waiting:
            request = waiting.pop(random.randrange(len(waiting)))
            asked = request["params"]["To_Account"]
            self.assertLessEqual(len(asked), 500)
            missing = {"missing": asked[:1], "ErrorList": [{"To_Account": asked[0]}]}
            connection.answer(request, {**users(asked[1:]), **missing})
            answered += 1
            if answered <= 8:
                waiting.append(connection.request())
        result = future.result(PATIENCE)
        self.assertEqual(answered, 40)
        self.assertEqual(result.missing, accounts[::500])
        self.assertEqual([error["To_Account"] for error in result.error_list], accounts[::500])
        self.assertEqual(list(result.user_attrs), [a for a in accounts if a not in set(result.missing)])

    def test_the_first_error_withdraws_the_other_parts(self):
        future = self.begin(self.client.get_attrs, [str(number) for number in range(1000)])
        connection = self.daemon.accept()
        first, second = connection.requests(2)
        connection.refuse(second, 70107)
        self.assert_fails(future, imattr.RefusedError)
        self.assertEqual(connection.request()["params"], {"id": first["id"]})

    def test_no_account(self):
        self.assertEqual(self.client.get_attrs([]), imattr.GetAttrsResult({}, [], []))
        self.assertFalse(self.daemon.has_caller())

    def test_nothing_is_sent_if_an_argument_is_wrong(self):
        for call in [
            lambda: self.client.get_attrs(["a", ""]),
            lambda: self.client.get_attrs("abc"),
            lambda: self.client.get_attrs(["a"], timeout=0),
            lambda: self.client.get_attrs(["a"], max_age=-1),
            lambda: self.client.stream("abc"),
            lambda: self.client.stream(["a"], batch=0),
            lambda: self.client.stream(["a"], in_flight=0),
            lambda: self.client.stream(["a"], timeout=601),
            lambda: self.client.stream(["a"], max_age=3601),
            lambda: self.client.ping(timeout=None),
            lambda: self.client.get_status(timeout="1"),
            lambda: self.client.call("m", {"a": {1}}),
            lambda: self.client.call("m", "params"),
            lambda: self.client.call(7),
            lambda: self.client.get_attrs(["a"], cancellation=7),
            lambda: self.client.get_attrs(["a"], partial="no"),
            lambda: self.client.get_attrs(None),
            lambda: self.client.stream(None),
            lambda: self.client.stream(["a"], partial=1),
            lambda: self.client.call("m", timeout=float("nan")),
        ]:
            with self.assertRaises(imattr.ArgumentError):
                call()
        self.assertFalse(self.daemon.has_caller())

    def test_other_methods(self):
        results = {"ping": "pong", "getStatus": {"state": "ready"}}
        self.daemon.serve(lambda request: results.get(request["method"], request))
        self.assertIsNone(self.client.ping())
        self.assertEqual(self.client.get_status(), {"state": "ready"})
        echoed = self.client.call("x\"y", {"list": [1, None]})
        self.assertEqual((echoed["method"], echoed["params"]), ('x"y', {"list": [1, None]}))
        self.assertEqual(self.client.call("m", (1, 2))["params"], [1, 2])
        self.assertNotIn("params", self.client.call("m"))

    def test_answers_in_pieces(self):
        future = self.begin(self.client.get_attrs, ["張"])
        connection = self.daemon.accept()
        request = connection.request()
        text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": users(["張"])}, ensure_ascii=False)
        for byte in text.encode() + b"\r\n":
            connection.send(bytes([byte]))
        self.assertEqual(future.result(PATIENCE).user_attrs, {"張": {"account": "張"}})

    def test_a_closed_client(self):
        with imattr.Client(self.daemon.path) as client:
            client.close()
        client.close()
        with self.assertRaises(imattr.CancelledError):
            client.ping()
        used = self.client
        self.daemon.serve(echo)
        used.ping()
        used.close()
        for call in [used.ping, lambda: used.get_attrs(["a"]), lambda: next(used.stream(["a"]))]:
            with self.assertRaises(imattr.CancelledError):
                call()

    def test_an_error_is_gone_once_it_is_handled(self):
        client = imattr.Client("/nobody/there")
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        for call in [client.ping, lambda: client.get_attrs(["a"]), lambda: list(client.stream(["a"]))]:
            try:
                call()
            except imattr.UnreachableError as error:
                reference = weakref.ref(error)
            self.assertIsNone(reference())

    def test_the_path(self):
        self.assertEqual(repr(imattr.Client("/a/b")), "Client('/a/b')")
        self.assertEqual(repr(imattr.Client()), "Client(None)")
        for wrong in [7, ["/a"], {}]:
            with self.assertRaisesRegex(imattr.ArgumentError, "^path is "):
                imattr.Client(wrong)
        for wrong in [{"socket": "/a"}, {"timeout": 5}]:
            with self.assertRaisesRegex(TypeError, next(iter(wrong))):
                imattr.Client(**wrong)

    def test_part_of_an_answer(self):
        failed = {"To_Account": "b", "code": 70107, "message": "m", "retryable": False, "ErrorInfo": "i", "new": 1}

        def answer(request):
            if request["params"]["To_Account"] == ["d"]:
                data = {"source": "daemon", "retryable": True, "retryAfterMs": 100, "callId": "c-1"}
                raise Refusal(-32002, "unreachable", data)
            return {**users(["a"]), "missing": ["c"], "failed": [failed]}

        self.daemon.serve(answer)
        result = self.client.get_attrs(["a", "b", "c"], partial=True)
        b = imattr.FailedAccount("b", 70107, "m", False, "i")
        self.assertEqual(result, imattr.GetAttrsResult({"a": {"account": "a"}}, ["c"], [], [b]))
        streamed = list(self.client.stream(["a", "b", "c"], partial=True))
        self.assertEqual([user.account for user in streamed], ["a", "c", "b"])
        self.assertEqual([user.failure for user in streamed], [None, None, b])
        (user,) = self.client.stream(["d"], partial=True)
        d = imattr.FailedAccount("d", -32002, "unreachable", True, None, 0.1, "c-1")
        self.assertEqual((user.attrs, user.failure), (None, d))
        with self.assertRaisesRegex(imattr.RefusedError, "^-32002"):
            self.client.get_attrs(["d"], partial=True)


class Threads(ClientTest):
    def test_many_threads_get_their_own_answers(self):
        self.daemon.serve(echo)

        def work(thread):
            for number in range(60):
                account = f"{thread}-{number}"
                assert self.client.get_attrs([account]).user_attrs == {account: {"account": account}}
                if number % 20 == 0:
                    accounts = [f"{account}-{i}" for i in range(50)]
                    assert {user.account for user in self.client.stream(accounts, batch=7)} == set(accounts)
            return True

        futures = [self.begin(work, thread) for thread in range(32)]
        self.assertTrue(all(future.result(PATIENCE * 3) for future in futures))
        self.assertEqual(len(self.daemon.connections), 1)

    def test_reading_is_handed_over(self):
        futures, requests = [], []
        for number in range(10):
            futures.append(self.begin(self.client.get_attrs, [str(number)]))
            connection = self.daemon.connections[0] if self.daemon.connections else self.daemon.accept()
            requests.append(connection.request())
        # The first reads for all, and leaves; then another does. Some are answered while another one reads.
        for number in [5, 0, 9, 1, 2, 7, 8, 3, 6, 4]:
            connection.answer(requests[number], users([str(number)]))
            self.assertEqual(list(futures[number].result(PATIENCE).user_attrs), [str(number)])

    def test_a_deadline_passes_for_one_that_does_not_read(self):
        reader = self.begin(self.client.ping)
        connection = self.daemon.accept()
        request = connection.request()
        self.assert_fails(self.begin(self.client.call, "slow", timeout=0.1), imattr.DeadlineError)
        connection.answer(request, "pong")
        self.assertIsNone(reader.result(PATIENCE))

    def test_closing_ends_what_waits(self):
        futures = [self.begin(self.client.call, "m") for _ in range(5)]
        connection = self.daemon.accept()
        connection.requests(5)
        self.client.close()
        for future in futures:
            self.assert_fails(future, imattr.CancelledError)
        self.assertIsNone(connection.request())

    def test_a_failing_connection_fails_all(self):
        futures = [self.begin(self.client.call, "m") for _ in range(5)]
        connection = self.daemon.accept()
        connection.requests(5)
        connection.send(b"nonsense\n")
        for future in futures:
            self.assert_fails(future, imattr.ProtocolError)

    def test_restarts_are_not_noticed(self):
        self.daemon.serve(echo)
        stop = threading.Event()

        def work(thread):
            number = 0
            while not stop.is_set():
                account = f"{thread}-{number}"
                assert self.client.get_attrs([account]).user_attrs == {account: {"account": account}}
                number += 1
            return number

        futures = [self.begin(work, thread) for thread in range(8)]
        for _ in range(30):
            self.client.ping()
            for connection in self.daemon.connections:
                connection.socket.shutdown(2)
        stop.set()
        self.assertTrue(all(future.result(PATIENCE * 3) for future in futures))

    def test_calls_closing_and_cancelling_race(self):
        self.daemon.serve(echo)
        for _ in range(50):
            client = imattr.Client(self.daemon.path)
            stop = imattr.Cancellation()

            def work():
                try:
                    while True:
                        client.ping(cancellation=stop)
                except imattr.CancelledError:
                    return True

            futures = [self.begin(work) for _ in range(4)]
            other = self.begin(client.ping)
            stop.cancel()
            self.assertTrue(all(future.result(PATIENCE) for future in futures))
            other.result(PATIENCE)
            futures = [self.begin(client.get_attrs, ["a"]) for _ in range(4)]
            client.close()
            for future in futures:
                self.assertIn(type(future.exception(PATIENCE)), [type(None), imattr.CancelledError])


class Cancelling(ClientTest):
    def test_by_another_thread(self):
        stop = imattr.Cancellation()
        futures = [self.begin(self.client.call, "m", cancellation=stop) for _ in range(3)]
        other = self.begin(self.client.ping)
        connection = self.daemon.accept()
        requests = connection.requests(4)
        stop.cancel()
        for future in futures:
            self.assert_fails(future, imattr.CancelledError)
        cancelled = {connection.request()["params"]["id"] for _ in range(3)}
        self.assertEqual(cancelled, {request["id"] for request in requests if request["method"] == "m"})
        for request in requests:
            connection.answer(request, "pong")
        self.assertIsNone(other.result(PATIENCE))
        with self.assertRaises(imattr.CancelledError):
            self.client.ping(cancellation=stop)

    def test_before_the_daemon_is_back(self):
        self.daemon.serve(echo)
        self.client.ping()
        self.daemon.stop()
        self.daemon.connections[0].socket.shutdown(2)
        stop = imattr.Cancellation()
        future = self.begin(self.client.ping, cancellation=stop)
        stop.cancel()
        self.assert_fails(future, imattr.CancelledError)

    def test_by_a_signal_handler(self):
        stop = imattr.Cancellation()
        old = signal.signal(signal.SIGUSR1, lambda *_: stop.cancel())
        self.addCleanup(signal.signal, signal.SIGUSR1, old)

        def interrupt():
            connection = self.daemon.accept()
            connection.request()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            return connection.request()

        future = self.begin(interrupt)
        with self.assertRaises(imattr.CancelledError):
            self.client.call("m", cancellation=stop)
        self.assertEqual(future.result(PATIENCE)["method"], "$/cancelRequest")

    def test_closing_in_a_signal_handler(self):
        old = signal.signal(signal.SIGUSR1, lambda *_: self.client.close())
        self.addCleanup(signal.signal, signal.SIGUSR1, old)

        def interrupt():
            self.daemon.accept().request()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

        future = self.begin(interrupt)
        with self.assertRaises(imattr.CancelledError):
            self.client.call("m")
        future.result(PATIENCE)

    def test_an_interrupt_while_answers_are_read_costs_others_nothing(self):
        future = self.begin(self.client.call, "m")
        connection = self.daemon.accept()
        asked = connection.request()
        connection.answer(asked, "early")
        self.assertEqual(future.result(PATIENCE), "early")
        stream = self.client.stream(["a"])
        with mock.patch("imattr._methods.GetAttrs.read", side_effect=KeyboardInterrupt):
            reader = self.begin(next, stream)
            asked = connection.request()
            other = self.begin(self.client.ping)
            connection.request()
            connection.answer(asked, users(["a"]))
            self.assertIs(type(reader.exception(PATIENCE)), KeyboardInterrupt)
        connection = self.daemon.accept()
        connection.answer(connection.request(), "pong")
        self.assertIsNone(other.result(PATIENCE))

    def test_an_interrupt_withdraws_the_call_and_the_client_stays_usable(self):
        def interrupt():
            connection = self.daemon.accept()
            requests = connection.requests(1)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            return connection, requests[0], connection.request()

        other = self.begin(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            self.client.call("m")
        connection, request, withdrawn = other.result(PATIENCE)
        future = self.begin(self.client.ping)
        if withdrawn is None:  # It came so early that the line was perhaps not written; then the connection is dropped.
            connection = self.daemon.accept()
        else:
            self.assertEqual(withdrawn["params"], {"id": request["id"]})
        connection.answer(connection.request(), "pong")
        self.assertIsNone(future.result(PATIENCE))


class Processes(ClientTest):
    def test_a_forked_process_has_its_own_connection_and_spoils_nothing_of_its_parent(self):
        def script():
            parents = self.daemon.accept()
            first, second = parents.requests(2)
            parents.answer(first, users(["0"]))
            childs = self.daemon.accept()
            childs.answer(childs.request(), users(["child"]))
            ended = childs.request()
            parents.answer(second, users(["1"]))
            return ended, parents.request()

        future = self.begin(script)
        program = """if True:
            import os, imattr
            with imattr.Client() as client:
                stream = client.stream(["0", "1"], batch=1)
                assert next(stream).account == "0"
                child = os.fork()
                if not child:
                    assert list(client.get_attrs(["child"]).user_attrs) == ["child"]
                    try:
                        list(stream)
                    except imattr.CancelledError as error:
                        print(error, flush=True)
                        os._exit(7)
                assert [user.account for user in stream] == ["1"]
                assert os.waitpid(child, 0)[1] >> 8 == 7
        """
        printed = scripts.run(program, socket=self.daemon.path)
        self.assertEqual(printed, "the call belongs to the process that this one was forked from\n")
        self.assertEqual(future.result(PATIENCE), (None, None))

    def test_sigpipe_does_not_kill(self):
        program = """if True:
            import signal, sys
            from fake_daemon import FakeDaemon
            from imattr._call import Call
            from imattr._exchange import Exchange
            from imattr._methods import Ping
            from imattr._poller import Poller
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            with FakeDaemon() as daemon:
                poller = Poller()
                exchange = Exchange(daemon.path, poller)
                exchange.start(Ping(Call(), 30), 0)
                daemon.accept().close()
                exchange.start(Ping(Call(), 30), 0)
                exchange.close("the test is over")
                poller.close()
                print("alive")
        """
        self.assertEqual(scripts.run(program), "alive\n")

    def test_module_functions_share_a_client_that_looks_for_the_socket_when_it_is_needed(self):
        self.daemon.serve(echo)
        program = """if True:
            import os, sys, imattr
            os.environ["IMATTRD_SOCKET"] = sys.argv[1]
            imattr.ping()
            print(imattr.get_attrs(["a"]), [user.account for user in imattr.stream(["b"])], imattr.call("ping"))
        """
        printed = scripts.run(program, self.daemon.path)
        self.assertEqual(
            printed, "GetAttrsResult(user_attrs={'a': {'account': 'a'}}, missing=[], error_list=[], failed=[]) ['b'] pong\n"
        )
        self.assertEqual(len(self.daemon.connections), 1)

    def test_a_stream_that_is_left_to_the_end_of_the_program(self):
        self.daemon.serve(echo)
        program = """if True:
            import imattr
            stream = imattr.stream(str(n) for n in range(100_000))
            print(next(stream).account)
        """
        self.assertEqual(scripts.run(program, socket=self.daemon.path), "0\n")

    def test_the_import_is_light(self):
        program = """if True:
            import sys
            before = set(sys.modules)
            import imattr
            heavy = {"asyncio", "dataclasses", "inspect", "logging", "threading", "typing"}
            print(sorted(heavy & set(sys.modules) - before))
        """
        self.assertEqual(scripts.run(program), "[]\n")


if __name__ == "__main__":
    unittest.main()
