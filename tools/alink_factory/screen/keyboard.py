"""What is typed or scanned while a line runs: a scanner is a keyboard that ends with Enter."""

from __future__ import annotations

import contextlib
import sys
import termios
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Serials:
    """Scanned serial numbers, each for the next board that appears.

    A board has its number from the moment it appears, however long it takes to be read: two labels
    are never exchanged because the second board was faster.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._taken: dict[str, str] = {}  # By port.

    def add(self, serial: str) -> None:
        """Keep one."""
        self._waiting.append(serial)

    def take(self, port: str) -> str:
        """Return that of the board on a port: the oldest that no board has, or ""."""
        if port not in self._taken:
            try:
                self._taken[port] = self._waiting.popleft()
            except IndexError:
                return ""
        return self._taken[port]

    def give_back(self, port: str) -> None:
        """Keep the number for the next board: the one on the port needs none."""
        if serial := self.forget(port):
            self._waiting.appendleft(serial)

    def forget(self, port: str) -> str:
        """Return the number of a board that had its turn; the next one gets another."""
        return self._taken.pop(port, "")


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
