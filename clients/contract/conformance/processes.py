"""Child processes that do not outlive this one."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_libc = ctypes.CDLL(None, use_errno=True)

_running = set()
_lock = threading.Lock()


class Child:
    """A program in a process group of its own, so that Ctrl-C reaches us first and its children can be ended with it."""

    def __init__(self, command, environment=None, obeys_modes=False, pass_fds=(), inherit_group=False, **files):
        """`obeys_modes`: root's right to open any file is dropped. `files`: stdin, stdout, stderr of Popen."""

        def prepare():
            # The kernel ends the child if we are killed. (Of the thread that starts it, so threads here must live on.)
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if obeys_modes:
                _libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE)
                _libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_READ_SEARCH)

        self.has_group = not inherit_group
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=environment,
            preexec_fn=prepare,
            pass_fds=pass_fds,
            start_new_session=self.has_group,
            **files,
        )
        with _lock:
            _running.add(self)

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    def signal(self, number):
        if not self.ended():
            self.process.send_signal(number)

    def suspend(self):
        """Stops it and all of its group, as a suspended machine or a terminal's Ctrl-Z does; returns when all have stopped."""
        os.killpg(self.pid, signal.SIGSTOP)
        while any(state not in "TtZX" for state in _states_of_group(self.pid)):
            os.sched_yield()

    def resume(self):
        """The opposite of `suspend`."""
        os.killpg(self.pid, signal.SIGCONT)

    def stop(self, patience=15):
        """Asks it to end, ends it after `patience` seconds; its exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return self.kill()

    def wait(self, seconds):
        """Its exit status, None if it is not over in time."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._forget()
        return status

    def kill(self):
        """Ends it and what it has started; its exit status."""
        self.kill_without_waiting()
        status = self.process.wait()
        self._forget()
        return status

    def kill_without_waiting(self):
        try:
            if self.has_group:
                os.killpg(self.pid, signal.SIGKILL)
            elif self.process.returncode is None:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _forget(self):
        with _lock:
            _running.discard(self)


def _states_of_group(group):
    """The states of the threads of a process group, as /proc says them: `T` is stopped."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                for thread in (process / "task").iterdir():
                    yield (thread / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # it has ended meanwhile
            continue


def end_children_on_signals():
    """SIGTERM and SIGINT end this program, by way of `finally`; a second one ends it at once."""

    def end(number, _frame):
        signal.signal(number, signal.SIG_DFL)
        # The thread that waits for a child holds a lock of it, so nothing can be waited for here.
        for child in list(_running):
            child.kill_without_waiting()
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)


def clean_environment(**changes):
    """Ours without what would configure a daemon or a client, or make it talk to our supervisor; None unsets."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IMATTRD_", "LISTEN_")) and name not in ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY")
    }
    kept.update({name: value for name, value in changes.items() if value is not None})
    return kept
