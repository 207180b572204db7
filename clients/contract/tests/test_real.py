"""What the transcripts' daemon says is what the real one says: the same shape, the same codes."""

import json
import os
import signal
import socket
import time
import unittest

from conformance.daemon import Daemon, Folder, Sandbox, listening_socket
from conformance.transcript import all_transcripts, expanded
from conformance.with_daemon import split_options

TIMEOUT = 60
NOBODY = 65534
# Those that a real daemon cannot be brought to say: -32603 would be a bug.
CODES = {-32700, -32600, -32601, -32602, -32000, -32001, -32002, -32003, -32004, -32005, -32800, 90001, 70107, 70001, 70003}


class Caller:
    """A connection that says lines and reads lines."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def say(self, message):
        self.socket.sendall((message if isinstance(message, str) else json.dumps(message)).encode() + b"\n")

    def hear(self):
        line = self.lines.readline()
        return json.loads(line) if line else None

    def close(self):
        self.lines.close()
        self.socket.close()


class RealDaemonTests(unittest.TestCase):
    def test_the_real_daemon_says_the_same(self):
        for transcript in all_transcripts():
            if "real" in transcript.header:
                with self.subTest(transcript=transcript.name):
                    self.compare(transcript)

    def test_every_code_is_compared(self):
        compared = set()
        for transcript in all_transcripts():
            if "real" in transcript.header:
                compared |= {answer["error"]["code"] for _, answer in exchanges(transcript) if "error" in answer}
        self.assertEqual(CODES - compared, set())

    def compare(self, transcript):
        real = expanded(transcript.header["real"])
        pairs = exchanges(transcript)
        self.assertNotEqual(pairs, [])
        with Folder() as folder:
            folder.path.chmod(0o755)
            for found, expected in zip(self.provoke(real, pairs, folder), [answer for _, answer in pairs]):
                self.check(expected, found)

    def check(self, expected, found):
        self.assertIsNotNone(found, "the daemon closed without an answer")
        self.assertEqual(found["jsonrpc"], "2.0")
        self.assertEqual(expected.get("id", "a number") is None, found["id"] is None)
        for kind in ("result", "error"):
            self.assertEqual(kind in expected, kind in found, f"{expected} / {found}")
        if "error" in expected:
            self.assertEqual(expected["error"]["code"], found["error"]["code"])
            self.assertEqual(shape(expected["error"]), shape(found["error"]), f"{expected} / {found}")
        elif isinstance(expected["result"], dict):
            self.assertLessEqual(keys(expected["result"]), keys(found["result"]), f"{expected} / {found}")
            self.assertEqual(named(expected["result"]), named(found["result"]))
        else:
            self.assertEqual(expected["result"], found["result"])

    # How the daemon is brought to answer

    def provoke(self, real, pairs, folder):
        sandbox_options, daemon_options = split_options(real.get("options", []))
        listener = listening_socket(folder / "rpc.sock") if real.get("handedOver") else None
        with Sandbox(folder, sandbox_options) as sandbox, Daemon(folder, sandbox, daemon_options, listener) as daemon:
            way = real.get("by", "request")
            yield from getattr(self, f"by_{way}")(daemon, pairs, real)
        if listener:
            listener.close()

    def by_request(self, daemon, pairs, real):
        """The client's requests, as they are."""
        caller = Caller(daemon.path)
        for request, _ in pairs * real.get("repeated", 1):
            caller.say(request)
            answer = caller.hear()
            if real.get("repeated", 1) == 1:
                yield answer
        if real.get("repeated", 1) > 1:
            yield answer
        caller.close()

    def by_line(self, daemon, pairs, real):
        """A line that no client of ours would send."""
        caller = Caller(daemon.path)
        caller.say(real["line"])
        yield caller.hear()
        caller.close()

    def by_secondConnection(self, daemon, pairs, real):
        first = Caller(daemon.path)
        first.say({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        first.hear()
        second = Caller(daemon.path)
        yield second.hear()
        first.close()
        second.close()

    def by_stranger(self, daemon, pairs, real):
        """Another user, of the socket's group."""
        if os.getuid() != 0:
            self.skipTest("needs root, to be another user")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                caller = Caller(daemon.path)
                caller.say(pairs[0][0])
                os.write(writing, json.dumps(caller.hear()).encode())
            except OSError as error:
                os.write(writing, json.dumps(str(error)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with open(reading, "rb") as answer:
            found = json.loads(answer.read())
        self.assertIsInstance(found, dict, f"another user cannot connect: {found}")
        yield found

    def by_busy(self, daemon, pairs, real):
        """A request that comes while one account is on the wire and three wait: all four that may."""
        waiting, caller = Caller(daemon.path), Caller(daemon.path)
        waiting.say({"jsonrpc": "2.0", "id": 0, "method": "getAttrs", "params": {"To_Account": ["on the wire"]}})
        self.wait_until(lambda: status(caller)["limiter"]["callsUnderWay"])
        waiting.say({"jsonrpc": "2.0", "id": 1, "method": "getAttrs", "params": {"To_Account": ["x", "y", "z"]}})
        self.wait_until(lambda: status(caller)["queue"]["waitingAccounts"])
        caller.say(pairs[0][0])
        yield caller.hear()
        waiting.close()
        caller.close()

    def by_cancelling(self, daemon, pairs, real):
        caller = Caller(daemon.path)
        caller.say(pairs[0][0])
        caller.say({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": pairs[0][0]["id"]}})
        yield caller.hear()
        caller.close()

    def by_stopping(self, daemon, pairs, real):
        """A request that comes while the daemon finishes another one."""
        caller, watcher = Caller(daemon.path), Caller(daemon.path)
        caller.say({"jsonrpc": "2.0", "id": 0, "method": "getAttrs", "params": {"To_Account": ["on the wire"]}})
        self.wait_until(lambda: status(watcher)["limiter"]["callsUnderWay"])
        daemon.child.signal(signal.SIGTERM)
        self.wait_until(lambda: "stopping" in daemon.log.read_text())
        caller.say(pairs[0][0])
        answers = [caller.hear(), caller.hear()]
        yield next(answer for answer in answers if answer["id"] == pairs[0][0]["id"])
        caller.close()
        watcher.close()

    def wait_until(self, condition):
        end = time.monotonic() + TIMEOUT
        while not condition():
            self.assertLess(time.monotonic(), end, "it does not come to that")
            time.sleep(0.01)


def status(caller):
    caller.say({"jsonrpc": "2.0", "id": 1, "method": "getStatus"})
    return caller.hear()["result"]


def exchanges(transcript):
    """(request, answer) as the transcript has them; an answer with a null id has no request."""
    requests, found = {}, []
    for step in [inner for step in transcript.steps for inner in step.get("inAnyOrder", [step])]:
        if "gets" in step:
            params = concrete(step["gets"].get("params"))
            request = {"jsonrpc": "2.0", "id": len(requests) + 1, "method": step["gets"]["method"]}
            requests[step["id"]] = request if params is None else {**request, "params": params}
        elif "answers" in step:
            answer = {key: step[key] for key in ("result", "error") if key in step}
            found.append((requests[step["answers"]], answer))
            if transcript.header.get("real", {}).get("by") in ("cancelling", "stopping"):
                return found[:1]
        elif isinstance(step.get("sends"), str) and '"id":null' in step["sends"]:
            found.append((None, json.loads(step["sends"])))
    return found


def concrete(pattern):
    """A value that matches a pattern."""
    if isinstance(pattern, dict):
        if "$between" in pattern:
            return pattern["$between"][1]
        if "$oneOf" in pattern:
            return concrete(pattern["$oneOf"][0])
        return {key: concrete(inner) for key, inner in pattern.items()}
    return pattern


# Fields that the clients pass on only as part of an error's data, so that the transcripts do not have them.
UNNAMED = {"random"}


def shape(value):
    """A value without what differs from run to run."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key not in UNNAMED}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def keys(result):
    return set(result)


def named(result):
    """The accounts that a result speaks of."""
    return sorted([user["To_Account"] for user in result["UserAttrs"]] + result["missing"])
