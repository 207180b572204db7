"""Both clients with the real daemon at IMATTRD_SOCKET, and what users do first."""

import asyncio
import os
import subprocess
import unittest
from pathlib import Path

import imattr
from imattr.aio import AsyncClient

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLE = "Zhang Xiaohong {'sex': 'Female', 'city': 'New York'}\nabc {}\n"


class Daemon(unittest.TestCase):
    def test_threads(self):
        with imattr.Client() as client:
            client.ping()
            self.assertEqual(client.get_status()["state"], "ready")
            result = client.get_attrs(["abc", "Zhang Xiaohong", "abc"])
            self.assertEqual(list(result.user_attrs), ["abc", "Zhang Xiaohong"])
            self.assertEqual(result.user_attrs["Zhang Xiaohong"]["city"], "New York")
            accounts = [f"user{number}" for number in range(1000)]
            found = [user.account for user in client.stream(accounts, batch=100, max_age=60)]
            self.assertEqual(sorted(found), sorted(accounts))
            with self.assertRaises(imattr.RefusedError) as caught:
                client.call("ping", {"x": 1})
            self.assertEqual((caught.exception.code, caught.exception.path), (-32602, "x"))

    def test_tasks(self):
        async def main():
            async with AsyncClient() as client:
                await client.ping()
                result = await client.get_attrs(["abc", "Zhang Xiaohong"])
                self.assertEqual(list(result.user_attrs), ["abc", "Zhang Xiaohong"])
                users = [user async for user in client.stream(["abc", "Zhang Xiaohong"], batch=1)]
                self.assertEqual({user.account for user in users}, {"abc", "Zhang Xiaohong"})

        asyncio.run(main())

    def test_example(self):
        self.assertLessEqual(len([line for line in (PACKAGE / "example.py").read_text().splitlines() if line]), 5)
        printed = subprocess.run(
            [PACKAGE / "tests/example", "-W", "error", "-X", "dev", PACKAGE / "example.py"],
            check=True,
            capture_output=True,
            text=True,
        )
        self.assertEqual((printed.stdout, printed.stderr), (EXAMPLE, ""))

    def test_without_a_daemon_the_example_ends_with_one_sentence(self):
        ended = subprocess.run(
            [PACKAGE / "tests/example", PACKAGE / "example.py"],
            env={**os.environ, "IMATTRD_SOCKET": "/does/not/exist"},
            capture_output=True,
            text=True,
        )
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertRegex(ended.stderr, "^imattr: cannot connect to '/does/not/exist': .*start the daemon.*\n$")

    def test_the_types_of_the_status_are_those_of_the_daemon(self):
        printed = subprocess.run(
            [PACKAGE.parent / "contract/status-types", "python"], check=True, capture_output=True, text=True
        )
        self.assertEqual((PACKAGE / "imattr/status.py").read_text(), printed.stdout)


if __name__ == "__main__":
    unittest.main()
