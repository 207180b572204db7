import json
import unittest

import imattr
from imattr._connection import LineSplitter
from imattr._messages import Answer, json_text
from imattr._methods import GetAttrs
from imattr._results import GetAttrsResult, User


class Answers(unittest.TestCase):
    def test_result(self):
        answer = Answer(b' {"result":null,"id":7,"jsonrpc":"2.0"}\r')
        self.assertEqual((answer.number, answer.result, answer.error), (7, None, None))

    def test_refusal(self):
        answer = Answer(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no","data":{"limit":3}}}')
        self.assertIsNone(answer.number)
        self.assertEqual(answer.refusal().limit, 3)
        self.assertIsNot(answer.refusal(), answer.refusal())

    def test_what_is_no_answer(self):
        for line in [
            b"",
            b"HTTP/1.1 400 Bad Request",
            b"\xff",
            b"[]",
            b"7",
            b"[" * 100_000,
            b'{"jsonrpc":"2.0","id":1,"result":NaN}',
            b'{"jsonrpc":"2.0","id":1,"result":1}{}',
            b'{"jsonrpc":"2.0","id":1}',
            b'{"jsonrpc":"1.0","id":1,"result":1}',
            b'{"jsonrpc":"2.0","result":1}',
            b'{"jsonrpc":"2.0","id":null,"result":1}',
            b'{"jsonrpc":"2.0","id":1,"result":1,"error":null}',
            b'{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}}',
            b'{"jsonrpc":"2.0","id":1,"error":{"code":true,"message":""}}',
            b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}',
            b'{"jsonrpc":"2.0","id":1,"error":[]}',
        ]:
            with self.subTest(line[:60]), self.assertRaises(imattr.ProtocolError):
                Answer(line)

    def test_error_shows_what_is_no_json_and_hides_what_may_hold_attributes(self):
        with self.assertRaisesRegex(imattr.ProtocolError, "HTTP/1.1"):
            Answer(b"HTTP/1.1 400 Bad Request")
        with self.assertRaises(imattr.ProtocolError) as caught:
            Answer(b'{"jsonrpc":"2.0","id":1,"result":"a secret value",')
        self.assertNotIn("secret", str(caught.exception))

    def test_integers_of_any_length_stay_exact(self):
        digits = "9" * 30_001
        for text, value in [(digits, 10**30_001 - 1), ("-" + digits, 1 - 10**30_001), ("1" + "0" * 700, 10**700)]:
            answer = Answer(b'{"jsonrpc":"2.0","id":1,"result":[%s,1,"x",1.5]}' % text.encode())
            self.assertEqual(answer.result, [value, 1, "x", 1.5])


class Texts(unittest.TestCase):
    def test_text_is_one_line(self):
        self.assertEqual(json_text("params", {"a": "b\n\u2028é"}), '{"a":"b\\n\u2028é"}')

    def test_what_json_has_not(self):
        recursive = []
        recursive.append(recursive)
        for value in [float("nan"), {1, 2}, "\ud800", recursive, {"a": object()}]:
            with self.subTest(repr(value)), self.assertRaisesRegex(imattr.ArgumentError, "params cannot be written"):
                json_text("params", value)


class Lines(unittest.TestCase):
    def test_pieces(self):
        splitter = LineSplitter()
        pieces = [b"a", b"b\nc\n", b"", b"\n\n", b"d", b"\ne"]
        self.assertEqual([splitter.split(piece) for piece in pieces], [[], [b"ab", b"c"], [], [b"", b""], [], [b"d"]])

    def test_limit_counts_the_line_and_not_what_came_before(self):
        splitter = LineSplitter(limit=4)
        self.assertEqual(splitter.split(b"abcd\nabc"), [b"abcd"])
        self.assertEqual(splitter.split(b"d\nab"), [b"abcd"])
        self.assertEqual(splitter.split(b"cd"), [])
        with self.assertRaisesRegex(imattr.ProtocolError, "longer than 4 bytes"):
            splitter.split(b"e")

    def test_limit_holds_for_whole_lines(self):
        with self.assertRaises(imattr.ProtocolError):
            LineSplitter(limit=4).split(b"abcde\n")
        with self.assertRaises(imattr.ProtocolError):
            LineSplitter(limit=4).split(b"a\nabcde")


class GetAttrsShapes(unittest.TestCase):
    def setUp(self):
        self.request = GetAttrs(None, 10.0, ["a"], 0, False)

    def test_params(self):
        self.assertEqual(
            json.loads(self.request.line(3, 7.75)),
            {"jsonrpc": "2.0", "id": 3, "method": "getAttrs", "params": {"To_Account": ["a"], "timeoutMs": 2250}},
        )
        with_age = GetAttrs(None, 10.0, ["a"], 5, False)
        self.assertEqual(json.loads(with_age.line(3, 10.5))["params"]["timeoutMs"], 1)
        self.assertEqual(json.loads(with_age.line(3, 0))["params"]["maxAgeMs"], 5)

    def test_result(self):
        errors = [{"To_Account": "c", "ErrorCode": 70107, "ErrorInfo": "who?"}, {"odd": 1}]
        attrs = [{"To_Account": "a", "Attrs": {"z": 1, "y": [{}]}}]
        result = self.request.read({"UserAttrs": attrs, "missing": ["b", "c"], "ErrorList": errors})
        self.assertEqual(result, GetAttrsResult({"a": {"z": 1, "y": [{}]}}, ["b", "c"], errors))
        self.assertEqual(
            list(result.users()),
            [User("a", {"z": 1, "y": [{}]}), User("b", None), User("c", None, 70107, "who?")],
        )

    def test_other_shapes(self):
        for result in [
            None,
            [],
            {},
            {"UserAttrs": []},
            {"missing": []},
            {"UserAttrs": {}, "missing": []},
            {"UserAttrs": [], "missing": "abc"},
            {"UserAttrs": [], "missing": [1]},
            {"UserAttrs": [{"To_Account": "a"}], "missing": []},
            {"UserAttrs": [{"To_Account": 1, "Attrs": {}}], "missing": []},
            {"UserAttrs": [{"To_Account": "a", "Attrs": []}], "missing": []},
            {"UserAttrs": ["a"], "missing": []},
            {"UserAttrs": [], "missing": [], "ErrorList": [1]},
        ]:
            with self.subTest(result), self.assertRaises(imattr.ProtocolError):
                self.request.read(result)


if __name__ == "__main__":
    unittest.main()
