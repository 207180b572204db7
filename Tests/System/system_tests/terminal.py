"""Commands on a terminal of a given size."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HOME = "\x1b[H"


def screens(command, rows, columns, count, seconds=30):
    """(the lines of `count` screens that a live view has drawn, its exit status), after which q was pressed."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvpe(command[0], command, os.environ | {"TERM": "xterm"})
    text, end = "", time.monotonic() + seconds
    while text.count(HOME) <= count and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            text += os.read(terminal, 65536).decode()
    os.write(terminal, b"q")
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    drawn = text.split(HOME)[1 : count + 1]
    return [ESCAPES.sub("", screen).splitlines() for screen in drawn], os.waitstatus_to_exitcode(status)
