"""A terminal that gets its settings back, even after `kill -9` of the screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# It waits until its input ends with the program. A program that was killed has written nothing
# into it: then the screen's modes are still on.
_GUARD = """
import os, sys, termios
settings = eval(sys.argv[1])
terminal = int(sys.argv[2])
if not sys.stdin.read():
    os.write(terminal, sys.argv[3].encode())
termios.tcsetattr(terminal, termios.TCSANOW, settings)
"""
# Keyboard protocol, paste, focus, mouse, line wrap, cursor, alternate screen.
_LEAVE = (
    "\x1b[<u\x1b[?2004l\x1b[?1004l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?7h\x1b[?25h"
    "\x1b[?1049l"
)

if sys.platform == "win32":

    @contextmanager
    def restored(_stream: TextIO) -> Iterator[None]:
        """Do nothing: a console of Windows forgets the modes of an ended program."""
        yield

else:
    import termios

    @contextmanager
    def restored(stream: TextIO) -> Iterator[None]:
        """Restore the terminal at the end, whatever ends the program."""
        before = termios.tcgetattr(stream)
        number = os.dup(stream.fileno())  # The standard input of the guard is a pipe.
        guard = subprocess.Popen(
            [sys.executable, "-c", _GUARD, repr(before), str(number), _LEAVE],
            stdin=subprocess.PIPE,
            pass_fds=[number],
            start_new_session=True,
        )
        os.close(number)
        try:
            yield
        finally:
            guard.communicate(b"done")
