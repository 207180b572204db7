"""Shells that complete what is typed: bash and zsh on a terminal of their own, fish by its own command."""

import os
import pty
import re
import select
import subprocess
import time

SETUP = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; "
        "source {folder}/bash-completion/completions/{name}",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "unsetopt beep; unset zle_bracketed_paste; fpath=({folder}/zsh/vendor-completions $fpath); "
        "autoload -Uz compinit; compinit -u -D",
    ),
}
READY = "shell-is-ready"
PATIENCE_SECONDS = 20


class Terminal:
    """An interactive shell."""

    def __init__(self, shell, folder, name, directory):
        command, setup = SETUP[shell]
        self.master, slave = pty.openpty()
        plain = {"TERM": "dumb", "PS1": "> ", "INPUTRC": "/dev/null", "HISTFILE": "", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=directory,
            env=os.environ | plain,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""
        # The marker is put together by the shell, so that its echo is not taken for it.
        self.type(setup.format(folder=folder, name=name) + f"; echo {READY[:5]}''{READY[5:]}\n")
        if not self.shows(READY):
            raise RuntimeError(f"{shell} does not start: {self.seen!r}")

    def type(self, text):
        self.seen = ""
        os.write(self.master, text.encode())

    def shows(self, text):
        """Whether a text appears in time."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            readable, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not readable:
                return False
            # What a terminal would do with escapes and returns does not matter here.
            piece = os.read(self.master, 65536).decode(errors="replace")
            self.seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x07]", "", self.seen + piece)
        return True

    def completes(self, typed, wanted):
        """What is wrong with the completion of a line; None if nothing is."""
        self.type(typed + "\t")
        fine = self.shows(wanted)
        shown = self.seen
        # Ctrl-U takes the line away again.
        self.type("\x15")
        return None if fine else f"{typed!r} became {shown!r}, wanted {wanted!r}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def fish_completions(folder, name, typed, directory):
    """The words that fish offers."""
    script = f"source {folder}/fish/vendor_completions.d/{name}.fish; complete --do-complete $argv[1]"
    environment = os.environ | {"HOME": str(directory), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, typed],
        capture_output=True, text=True, timeout=60, cwd=directory, env=environment,
    )
    return [line.split("\t")[0] for line in done.stdout.splitlines()], done.stderr.strip()
