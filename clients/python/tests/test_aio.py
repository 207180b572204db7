import asyncio
import gc
import itertools
import logging
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import imattr
from fake_daemon import PATIENCE, FakeDaemon, echo, users
from imattr.aio import AsyncClient

# The event loop of a test tells of each step that took long, which on a busy machine is no news.
logging.getLogger("asyncio").setLevel(logging.ERROR)


class AioTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.daemon = FakeDaemon()
        self.addCleanup(self.daemon.close)
        self.pool = ThreadPoolExecutor(4)
        self.addCleanup(self.pool.shutdown)

    async def asyncSetUp(self):
        self.client = AsyncClient(self.daemon.path)
        self.addAsyncCleanup(self.client.aclose)

    async def do(self, function, *arguments):
        """Does what blocks, in another thread."""
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self.pool, function, *arguments), PATIENCE)

    async def asked(self, *calls):
        """Begins calls; returns their tasks, the connection, and the requests of the calls."""
        tasks = [asyncio.ensure_future(call) for call in calls]
        connection = self.daemon.connections[-1] if self.daemon.connections else await self.do(self.daemon.accept)
        return tasks, connection, await self.do(connection.requests, len(calls))

    async def assert_fails(self, awaitable, kind):
        with self.assertRaises(kind) as caught:
            await asyncio.wait_for(awaitable, PATIENCE)
        self.assertIs(type(caught.exception), kind)


class Calls(AioTest):
    async def test_get_attrs(self):
        get = self.client.get_attrs(["b", "a", "b"], timeout=20, max_age=60)
        (task,), connection, (request,) = await self.asked(get)
        self.assertEqual((request["params"]["To_Account"], request["params"]["maxAgeMs"]), (["b", "a"], 60_000))
        self.assertTrue(15_000 < request["params"]["timeoutMs"] <= 20_000)
        connection.answer(request, {"UserAttrs": [{"To_Account": "b", "Attrs": {"n": 10**40}}], "missing": ["a"]})
        self.assertEqual(await task, imattr.GetAttrsResult({"b": {"n": 10**40}}, ["a"], []))

    async def test_many_accounts(self):
        self.daemon.serve(echo)
        accounts = [f"user{number}" for number in range(20_000)]
        result = await self.client.get_attrs(accounts + accounts[::-1])
        self.assertEqual(list(result.user_attrs), accounts)

    async def test_the_first_error_withdraws_the_other_parts(self):
        task = asyncio.ensure_future(self.client.get_attrs([str(number) for number in range(1000)]))
        connection = await self.do(self.daemon.accept)
        first, second = await self.do(connection.requests, 2)
        connection.refuse(second, 70107)
        await self.assert_fails(task, imattr.RefusedError)
        self.assertEqual((await self.do(connection.request))["params"], {"id": first["id"]})

    async def test_other_methods(self):
        results = {"ping": "pong", "getStatus": {"state": "ready"}}
        self.daemon.serve(lambda request: results.get(request["method"], request))
        self.assertIsNone(await self.client.ping())
        self.assertEqual(await self.client.get_status(), {"state": "ready"})
        self.assertEqual((await self.client.call("m", [1]))["params"], [1])
        self.assertEqual(await self.client.get_attrs([]), imattr.GetAttrsResult({}, [], []))
        self.assertEqual(repr(self.client), f"AsyncClient({self.daemon.path!r})")

    async def test_nothing_is_sent_if_an_argument_is_wrong(self):
        for call in [
            lambda: self.client.stream("abc"),
            lambda: self.client.stream(["a"], batch=0),
            lambda: self.client.stream(["a"], in_flight=0),
            lambda: self.client.stream(["a"], timeout=601),
        ]:
            with self.assertRaises(imattr.ArgumentError):
                call()
        for call in [
            self.client.get_attrs("abc"),
            self.client.get_attrs(["a", ""]),
            self.client.ping(timeout=0),
            self.client.get_status(timeout=None),
            self.client.call("m", {"a": {1}}),
        ]:
            await self.assert_fails(call, imattr.ArgumentError)
        self.assertFalse(self.daemon.has_caller())

    async def test_many_tasks_get_their_own_answers(self):
        self.daemon.serve(echo)

        async def work(task):
            for number in range(30):
                account = f"{task}-{number}"
                self.assertEqual((await self.client.get_attrs([account])).user_attrs, {account: {"account": account}})

        await asyncio.gather(*(work(task) for task in range(32)))
        self.assertEqual(len(self.daemon.connections), 1)

    async def test_unreachable(self):
        await self.assert_fails(AsyncClient(self.daemon.folder + "/x").ping(), imattr.UnreachableError)

    async def test_a_daemon_that_does_not_read_is_waited_for(self):
        text = "x" * 3_000_000
        (task,), connection, (request,) = await self.asked(self.client.call("m", [text]))
        self.assertEqual(request["params"], [text])
        await self.do(connection.answer, request, text)
        self.assertEqual(await task, text)


class Endings(AioTest):
    async def test_repeated_on_a_new_connection(self):
        tasks, connection, requests = await self.asked(self.client.call("a"), self.client.call("b"))
        connection.answer(requests[0], 1)
        connection.close()
        connection = await self.do(self.daemon.accept)
        request = await self.do(connection.request)
        self.assertEqual(request["method"], "b")
        connection.answer(request, 2)
        self.assertEqual(await asyncio.gather(*tasks), [1, 2])

    async def test_waits_for_the_daemon_to_come_back(self):
        self.daemon.serve(echo)
        await self.client.ping()
        self.daemon.stop()
        self.daemon.connections[0].socket.shutdown(2)
        await self.assert_fails(self.client.ping(timeout=0.2), imattr.LostError)
        task = asyncio.ensure_future(self.client.ping())
        self.daemon.start()
        connection = await self.do(self.daemon.accept)
        connection.answer(await self.do(connection.request), "pong")
        self.assertIsNone(await task)

    async def test_no_answer_in_time(self):
        (task,), connection, (request,) = await self.asked(self.client.ping(timeout=0.1))
        await self.assert_fails(task, imattr.DeadlineError)
        self.assertEqual((await self.do(connection.request))["params"], {"id": request["id"]})

    async def test_time_in_which_the_loop_is_busy_is_not_the_daemons(self):
        text = "x" * 1_000_000
        tasks, connection, requests = await self.asked(*(self.client.call(name, timeout=0.1) for name in "ab"))
        answering = self.pool.submit(lambda: [connection.answer(request, text) for request in requests])
        time.sleep(1.5)
        self.assertEqual(await asyncio.gather(*tasks), [text, text])
        answering.result(PATIENCE)

    async def test_a_violation_fails_all(self):
        tasks, connection, _ = await self.asked(self.client.ping(), self.client.ping())
        connection.send(b"nonsense\n")
        for task in tasks:
            await self.assert_fails(task, imattr.ProtocolError)

    async def test_closing_ends_what_waits_and_refuses_more(self):
        tasks, connection, _ = await self.asked(self.client.ping(), self.client.call("m"))
        async with self.client:
            pass
        for task in tasks:
            await self.assert_fails(task, imattr.CancelledError)
        await self.assert_fails(self.client.ping(), imattr.CancelledError)
        self.assertIsNone(await self.do(connection.request))
        await AsyncClient().aclose()

    async def test_another_event_loop_is_told_apart(self):
        self.daemon.serve(echo)
        await self.client.ping()
        with self.assertRaisesRegex(RuntimeError, "make one for each loop"):
            await self.do(asyncio.run, self.client.ping())


class Cancelling(AioTest):
    async def test_cancelling_a_task_withdraws_its_call(self):
        tasks, connection, requests = await self.asked(self.client.call("a"), self.client.call("b"))
        tasks[0].cancel()
        await self.assert_fails(tasks[0], asyncio.CancelledError)
        self.assertEqual((await self.do(connection.request))["params"], {"id": requests[0]["id"]})
        connection.refuse(requests[0], -32800)
        connection.answer(requests[1], 1)
        self.assertEqual(await tasks[1], 1)

    async def test_a_time_out_around_a_call_withdraws_it(self):
        task = asyncio.ensure_future(asyncio.wait_for(self.client.ping(), 0.05))
        connection = await self.do(self.daemon.accept)
        request = await self.do(connection.request)
        with self.assertRaises(asyncio.TimeoutError):
            await task
        self.assertEqual((await self.do(connection.request))["params"], {"id": request["id"]})

    async def test_cancelling_races_with_answers(self):
        self.daemon.serve(echo)
        for turns in itertools.islice(itertools.cycle(range(6)), 120):
            task = asyncio.ensure_future(self.client.get_attrs(["a"]))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            try:
                self.assertEqual(list((await task).user_attrs), ["a"])
            except asyncio.CancelledError:
                pass
            self.assertEqual(list((await self.client.get_attrs(["b"])).user_attrs), ["b"])


class Streams(AioTest):
    async def test_users_of_both_kinds_of_input(self):
        self.daemon.serve(echo)

        async def awaited():
            for number in range(1000):
                yield str(number)

        for accounts in [map(str, range(1000)), awaited()]:
            found = [user async for user in self.client.stream(accounts, batch=30, in_flight=4)]
            self.assertEqual(sorted(int(user.account) for user in found), list(range(1000)))
            self.assertTrue(all(user.attrs == {"account": user.account} for user in found))
        self.assertEqual([user async for user in self.client.stream([])], [])

    async def test_nothing_is_read_before_it_is_needed_nor_more_than_fits(self):
        taken = 0

        async def accounts():
            nonlocal taken
            for number in itertools.count():
                taken += 1
                yield str(number)

        stream = self.client.stream(accounts(), batch=10, in_flight=3)
        self.assertEqual(taken, 0)
        task = asyncio.ensure_future(stream.__anext__())
        connection = await self.do(self.daemon.accept)
        requests = await self.do(connection.requests, 3)
        self.assertEqual(taken, 30)
        connection.answer(requests[1], users(requests[1]["params"]["To_Account"]))
        self.assertEqual((await task).account, "10")
        for _ in range(9):
            await stream.__anext__()
        self.assertEqual(taken, 30)
        await stream.aclose()
        cancelled = {(await self.do(connection.request))["params"]["id"] for _ in range(2)}
        self.assertEqual(cancelled, {requests[0]["id"], requests[2]["id"]})

    async def test_leaving_withdraws_what_is_in_flight(self):
        async def leave():
            async for _ in self.client.stream(map(str, itertools.count()), batch=1, in_flight=4):
                break

        task = asyncio.ensure_future(leave())
        connection = await self.do(self.daemon.accept)
        requests = await self.do(connection.requests, 4)
        connection.answer(requests[0], users(["0"]))
        await task
        gc.collect()
        cancelled = {(await self.do(connection.request))["params"]["id"] for _ in range(3)}
        self.assertEqual(cancelled, {request["id"] for request in requests[1:]})

    async def test_the_first_error_ends_it_after_what_was_answered_before(self):
        found = []

        async def take():
            async for user in self.client.stream(map(str, range(4)), batch=1):
                found.append(user.account)

        task = asyncio.ensure_future(take())
        connection = await self.do(self.daemon.accept)
        requests = await self.do(connection.requests, 4)
        connection.answer(requests[2], users(["2"]))
        connection.answer(requests[1], users(["1"]))
        connection.refuse(requests[0], 60007)
        await self.assert_fails(task, imattr.RefusedError)
        self.assertEqual(found, ["2", "1"])
        self.assertEqual((await self.do(connection.request))["params"], {"id": requests[3]["id"]})

    async def test_a_wrong_account_ends_it(self):
        self.daemon.serve(echo)

        async def awaited():
            yield "a"
            yield "b"
            yield 7

        for accounts in [["a", "b", 7], awaited()]:
            with self.assertRaisesRegex(imattr.ArgumentError, r"accounts\[2\]"):
                async for _ in self.client.stream(accounts, batch=2):
                    pass


if __name__ == "__main__":
    unittest.main()
