"""Text typed or scanned while the line runs: a scanner is a keyboard that sends Enter."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

# It waits until its input ends with the line, and sets the terminal back even after `kill -9`.
_GUARD = """
import sys, termios
settings = eval(sys.argv[1])
sys.stdin.read()
termios.tcsetattr(int(sys.argv[2]), termios.TCSADRAIN, settings)
"""


@contextmanager
def lines_typed(on_line: Callable[[str], None], stream: TextIO | None = None) -> Iterator[None]:
    """Call `on_line` for each text line typed, without echo; do nothing without a terminal."""
    stream = stream or sys.stdin
    if not stream.isatty():
        yield
        return
    with _silent(stream):
        reader = threading.Thread(
            target=_read, args=(stream, on_line), daemon=True, name="keyboard"
        )
        reader.start()
        yield


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _silent(_stream: TextIO) -> Iterator[None]:
        yield  # `getwch` has no echo.

    def _read(_stream: TextIO, on_line: Callable[[str], None]) -> None:
        typed = ""
        while True:
            key = msvcrt.getwch()
            if key == "\b":
                typed = typed[:-1]
            elif key not in "\r\n":
                typed += key
            elif text := typed.strip():
                typed = ""
                on_line(text)
else:
    import termios

    @contextmanager
    def _silent(stream: TextIO) -> Iterator[None]:
        before = termios.tcgetattr(stream)
        silent = [*before]
        silent[3] &= ~termios.ECHO
        number = os.dup(stream.fileno())  # The standard input of the guard is a pipe.
        guard = subprocess.Popen(
            [sys.executable, "-c", _GUARD, repr(before), str(number)],
            stdin=subprocess.PIPE,
            pass_fds=[number],
            start_new_session=True,
        )
        os.close(number)
        termios.tcsetattr(stream, termios.TCSADRAIN, silent)
        try:
            yield
        finally:
            termios.tcsetattr(stream, termios.TCSADRAIN, before)
            guard.communicate()

    def _read(stream: TextIO, on_line: Callable[[str], None]) -> None:
        with contextlib.suppress(OSError, ValueError):  # The terminal was closed.
            for line in stream:
                if text := line.strip():
                    on_line(text)
