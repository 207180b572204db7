"""A built program, and what it prints about itself."""

import json
import subprocess
from pathlib import Path


class Program:
    """A program that was made with Swift's ArgumentParser."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.name = self.path.name
        self.version = self.output("--version").strip() if self.name != "imattr-sandbox" else None
        self.command = json.loads(self.output("--experimental-dump-help"))["command"]

    def output(self, *arguments):
        """Standard output of a run that has to succeed."""
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise SystemExit(f"{self.path} {' '.join(arguments)} exited {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    @property
    def description(self):
        """imattrd's tables: configuration keys, methods, metrics."""
        return json.loads(self.output("--describe"))

    @property
    def commands(self):
        """The subcommands."""
        commands = self.command.get("subcommands", [])
        return commands if self.has_added_help else commands[:-1]

    @property
    def has_added_help(self):
        """Whether the help command is ArgumentParser's, as in a program that has commands but no help of its own.
        In what ArgumentParser dumps it is always there, as the last one."""
        own = [command["commandName"] for command in self.command.get("subcommands", [])[:-1]]
        return bool(own) and "help" not in own


def arguments(command):
    """What a command takes and shows in its help."""
    return [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]


def names(argument):
    """`-h`, `--help`; for a positional argument its name."""
    if argument["kind"] == "positional":
        return [f"<{argument['valueName']}>"]
    dashes = {"short": "-", "long": "--", "longWithSingleDash": "-"}
    return sorted((dashes[name["kind"]] + name["name"] for name in argument["names"]), key=len)


def value(argument):
    """The value that follows an option; empty for a flag."""
    return f"<{argument['valueName']}>" if argument["kind"] == "option" else ""
