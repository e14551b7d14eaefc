"""Text typed or scanned while the line runs: a scanner is a keyboard that sends Enter."""

from __future__ import annotations

import contextlib
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def lines_typed(on_line: Callable[[str], None], stream: TextIO = sys.stdin) -> Iterator[None]:
    """Call `on_line` for each text line typed, without echo; do nothing without a terminal."""
    if not stream.isatty():
        yield
        return
    before = termios.tcgetattr(stream)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(stream, termios.TCSADRAIN, silent)
    reader = threading.Thread(target=_read, args=(stream, on_line), daemon=True, name="keyboard")
    reader.start()
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)


def _read(stream: TextIO, on_line: Callable[[str], None]) -> None:
    with contextlib.suppress(OSError, ValueError):  # The terminal was closed.
        for line in stream:
            if text := line.strip():
                on_line(text)
