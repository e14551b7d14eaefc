"""Text that is typed while the line prints text lines in place of a screen."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import TextIO


def listen(on_line: Callable[[str], None], stream: TextIO | None = None) -> None:
    """Call `on_line` for each text line typed from now on; do nothing without a terminal."""
    stream = stream or sys.stdin
    if stream and stream.isatty():  # Without a console, Windows has no standard input.
        reader = threading.Thread(target=_read, args=(stream, on_line), daemon=True)
        reader.start()


def _read(stream: TextIO, on_line: Callable[[str], None]) -> None:
    with contextlib.suppress(OSError, ValueError):  # The terminal was closed.
        for line in stream:
            if text := line.strip():
                on_line(text)
