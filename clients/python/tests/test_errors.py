import copy
import errno
import pickle
import unittest

import imattr

REFUSED = imattr.RefusedError(
    -32000,
    "overloaded",
    {
        **{"source": "daemon", "retryable": True, "retryAfterMs": 1500, "ErrorInfo": "x", "attempts": 2, "path": "p"},
        **{"limit": 3, "limitName": "maxConnections", "fetched": 4, "failed": [{"To_Account": "a"}], "callId": "c-1"},
        **{"clockSkewSeconds": -7, "new": 1},
    },
)
ALL = [
    (REFUSED, True),
    (imattr.ArgumentError("x"), False),
    (imattr.UnreachableError(errno.EACCES, "Permission denied", "/a"), False),
    (imattr.LostError("x"), True),
    (imattr.DeadlineError("x"), True),
    (imattr.DeadlineError("x", -32001, {"source": "daemon", "retryAfterMs": 900, "fetched": 2}), True),
    (imattr.ProtocolError("x"), False),
    (imattr.CancelledError("x"), False),
]


class Errors(unittest.TestCase):
    def test_retryable(self):
        for error, retryable in ALL:
            with self.subTest(type(error).__name__):
                self.assertIsInstance(error, imattr.Error)
                self.assertIs(error.retryable, retryable)

    def test_what_the_daemon_told(self):
        error = REFUSED
        self.assertEqual(str(error), "-32000: overloaded")
        self.assertEqual((error.code, error.message, error.source), (-32000, "overloaded", "daemon"))
        self.assertEqual((error.retry_after, error.error_info, error.attempts, error.path), (1.5, "x", 2, "p"))
        self.assertEqual((error.limit, error.limit_name, error.fetched), (3, "maxConnections", 4))
        self.assertEqual((error.failed, error.call_id, error.clock_skew), ([{"To_Account": "a"}], "c-1", -7))
        self.assertEqual(error.data["new"], 1)

    def test_a_deadline_has_what_the_daemon_said(self):
        error = imattr.DeadlineError("too late", -32001, {"source": "daemon", "retryAfterMs": 900, "fetched": 2})
        self.assertEqual((str(error), error.code, error.message), ("-32001: too late", -32001, "too late"))
        self.assertEqual((error.source, error.retry_after, error.fetched, error.failed), ("daemon", 0.9, 2, None))
        error = imattr.DeadlineError("no answer")
        self.assertEqual((str(error), error.code, error.data, error.retry_after), ("no answer", None, {}, None))

    def test_what_the_daemon_did_not_tell(self):
        for data in [{}, {"retryable": 1, "retryAfterMs": "1", "limit": None, "failed": {}, "path": 3}]:
            error = imattr.RefusedError(1, "x", data)
            self.assertIs(error.retryable, False)
            for name in ["retry_after", "source", "limit", "failed", "path", "fetched", "call_id", "clock_skew"]:
                self.assertIsNone(getattr(error, name), name)

    def test_they_are_what_the_language_has_for_them(self):
        for kind, builtin in [
            (imattr.ArgumentError, ValueError),
            (imattr.UnreachableError, OSError),
            (imattr.LostError, ConnectionError),
            (imattr.DeadlineError, TimeoutError),
        ]:
            self.assertTrue(issubclass(kind, builtin))

    def test_messages_say_what_to_do(self):
        for number, advice in [
            (errno.EACCES, "Permission denied; this user must be a member of the group imattr"),
            (errno.ENOENT, "Permission denied; start the daemon"),
            (errno.ECONNREFUSED, "Permission denied; no process listens there"),
            (errno.EMFILE, "Permission denied$"),
        ]:
            error = imattr.UnreachableError(number, "Permission denied", "/a")
            self.assertRegex(str(error), f"^cannot connect to '/a': {advice}")

    def test_they_can_be_copied_and_pickled(self):
        for error, _ in ALL:
            for twin in [copy.copy(error), pickle.loads(pickle.dumps(error))]:
                self.assertIs(type(twin), type(error))
                self.assertEqual((str(twin), vars(twin)), (str(error), vars(error)))

    def test_public_names(self):
        for name in imattr.__all__:
            thing = getattr(imattr, name)
            if isinstance(thing, type):
                self.assertEqual((thing.__module__, thing.__qualname__), ("imattr", name))


class Results(unittest.TestCase):
    def test_values(self):
        user = imattr.User("a", {"b": 1})
        self.assertEqual(user, imattr.User("a", {"b": 1}))
        self.assertNotEqual(user, imattr.User("a", None))
        self.assertNotEqual(user, ("a", {"b": 1}, None, None))
        self.assertEqual(repr(user), "User(account='a', attrs={'b': 1}, error_code=None, error_info=None, failure=None)")
        self.assertEqual(pickle.loads(pickle.dumps(user)), user)
        with self.assertRaises(TypeError):
            hash(user)


if __name__ == "__main__":
    unittest.main()
