"""The package as others get it: installed, and typed."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLE = "Zhang Xiaohong {'sex': 'Female', 'city': 'New York'}\nabc {}\n"
TYPED = """
import asyncio
from typing import Any, Dict, Iterator, Optional

import imattr
from imattr.aio import AsyncClient
from imattr.status import Status


def accounts() -> Iterator[str]:
    yield "abc"


def threads(client: imattr.Client) -> Optional[Dict[str, Any]]:
    result: imattr.GetAttrsResult = client.get_attrs(accounts(), timeout=5, max_age=1.5)
    for user in client.stream(accounts(), batch=10):
        city: Any = user.attrs["city"] if user.attrs is not None else user.error_code
    try:
        imattr.ping(cancellation=imattr.Cancellation())
        failures: Iterator[str] = (entry.message for entry in client.get_attrs(["a"], partial=True).failed)
    except imattr.DeadlineError as error:
        code: Optional[int] = error.code
    except imattr.RefusedError as error:
        pause: Optional[float] = error.retry_after
    return result.user_attrs.get("abc")


async def tasks() -> None:
    async with AsyncClient() as client:
        async for user in client.stream(accounts()):
            name: str = user.account
        status: Status = await client.get_status()
        state: str = status["state"]
        limit: Optional[int] = status["limiter"]["rateLimit"] if "limiter" in status else None


asyncio.run(tasks())
"""
WRONGLY_TYPED = """
import imattr

imattr.get_attrs([1])
imattr.get_attrs(["a"], timeout="1")
imattr.get_attrs(["a"]).user_attrs[1]
imattr.User("a", None).attrs["city"]
imattr.get_status()["stat"]
imattr.get_attrs(["a"], partial=1)
"""


class Package(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="imattr-python-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_tool(self, *command, **options):
        return subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, cwd=self.folder, timeout=300, **options
        )

    def test_installed_without_a_network(self):
        # Building leaves files in the source folder, so a copy is built.
        shutil.copytree(PACKAGE, self.folder / "source", ignore=shutil.ignore_patterns("__pycache__", "tests"))
        shutil.copytree(PACKAGE / "tests", self.folder / "source/tests")
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        offline = ["--no-index", "--no-build-isolation", "--no-cache-dir", "--root-user-action", "ignore"]
        installed = self.folder / "installed"
        done = self.run_tool(*pip, *offline, "--target", installed, self.folder / "source")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            {str(path.relative_to(installed)) for path in installed.glob("imattr/*") if path.is_file()},
            {str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("imattr/*") if path.is_file()},
        )
        self.assertFalse((installed / "tests").exists())
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        printed = self.run_tool(sys.executable, "-B", PACKAGE / "example.py", env=environment)
        self.assertEqual((printed.stdout, printed.stderr), (EXAMPLE, ""))
        program = "import imattr, importlib.metadata as m; print(imattr.__version__ == m.version('imattr'))"
        printed = self.run_tool(sys.executable, "-B", "-c", program, env=environment)
        self.assertEqual((printed.stdout, printed.stderr), ("True\n", ""))

    def mypy(self, *arguments):
        configuration = ["--config-file", PACKAGE / "pyproject.toml", "--cache-dir", self.folder / "cache"]
        environment = {**os.environ, "MYPYPATH": str(PACKAGE)}
        return self.run_tool("/usr/bin/mypy", *configuration, *arguments, env=environment)

    def test_types(self):
        checked = self.mypy(PACKAGE / "imattr")
        self.assertRegex(checked.stdout, "^Success: no issues found in [0-9]+ source files\n$")
        for text, errors in [(TYPED, 0), (WRONGLY_TYPED, 6)]:
            program = self.folder / "program.py"
            program.write_text(text)
            checked = self.mypy(program)
            self.assertEqual(checked.stdout.count("error:"), errors, checked.stdout)


if __name__ == "__main__":
    unittest.main()
