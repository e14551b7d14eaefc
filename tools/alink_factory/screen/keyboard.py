"""What is typed or scanned while a line runs: a scanner is a keyboard that ends with Enter."""

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
    """Give every line of a terminal to `on_line`, without showing it; nothing if it is none."""
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
