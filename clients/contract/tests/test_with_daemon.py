"""with-daemon, as a command."""

import os
import signal
import subprocess
import unittest
from pathlib import Path

WITH_DAEMON = Path(__file__).resolve().parent.parent / "with-daemon"
PING = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(os.environ["IMATTRD_SOCKET"])
    connection.sendall(sys.argv[1].encode() + b"\\n")
    connection.shutdown(socket.SHUT_WR)
    print(connection.makefile().read())
"""
REQUEST = '{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["x"]}}'


def run(*words, **options):
    return subprocess.run([WITH_DAEMON, *words], capture_output=True, text=True, timeout=120, **options)


class WithDaemonTests(unittest.TestCase):
    def test_the_command_finds_a_daemon(self):
        done = run("--", "/usr/bin/python3", "-c", PING, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
        self.assertEqual((done.returncode, done.stdout.strip()), (0, '{"jsonrpc":"2.0","id":1,"result":"pong"}'))

    def test_options_reach_sandbox_and_daemon(self):
        done = run("--unknown", "echo", "--rate=7", "--", "/usr/bin/python3", "-c", PING, REQUEST)
        self.assertIn('"Attrs":{"account":"x"}', done.stdout)
        done = run("--rate", "7", "--", "/usr/bin/python3", "-c", PING, '{"jsonrpc":"2.0","id":1,"method":"getStatus"}')
        self.assertIn('"rateLimit":7', done.stdout)

    def test_the_status_is_the_commands_and_the_log_is_shown(self):
        done = run("--", "sh", "-c", "exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertIn("state is ready", done.stderr)
        self.assertEqual(run("--", "sh", "-c", "kill -9 $$").returncode, 128 + signal.SIGKILL)
        self.assertEqual(run("--", "/nonexistent/command").returncode, 127)

    def test_nothing_is_left(self):
        done = run("--", "sh", "-c", 'echo "$IMATTRD_SOCKET"; ls "$(dirname "$IMATTRD_SOCKET")"')
        path = Path(done.stdout.splitlines()[0])
        self.assertIn("config.yaml", done.stdout)
        self.assertFalse(path.parent.exists())

    def test_a_daemon_that_does_not_start_is_said(self):
        done = run("--rate-limit", "0", "--", "true")
        self.assertEqual(done.returncode, 69)
        self.assertIn("rateLimit", done.stderr)

    def test_missing_programs_are_said(self):
        done = run("--", "true", env={**os.environ, "IMATTR_BIN": "/nonexistent"})
        self.assertEqual(done.returncode, 69)
        self.assertIn("/nonexistent/imattr-sandbox", done.stderr)

    def test_usage(self):
        self.assertEqual(run("true").returncode, 64)
        self.assertEqual(run("--help").returncode, 0)
        self.assertNotEqual(run("what", "--", "true").returncode, 0)

    def test_ending_it_ends_all(self):
        command = subprocess.Popen(
            [WITH_DAEMON, "--", "sh", "-c", 'echo "$IMATTRD_SOCKET"; exec sleep 1000'], stdout=subprocess.PIPE, text=True
        )
        path = Path(command.stdout.readline().strip())
        command.terminate()
        self.assertEqual(command.wait(60), 128 + signal.SIGTERM)
        self.assertEqual(command.stdout.read(), "")  # nobody holds its end any more
        self.assertFalse(path.exists())
        command.stdout.close()
