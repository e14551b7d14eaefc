"""The output of a board: bytes in, text lines with times out. `expect` waits for one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_TAIL = 20
_RAW = b"\x1a"  # Before a LF that a chip sends without a CR (_repl.py).


class BoardError(Exception):
    """A board did not do what a test expects; the text ends with its last output."""


@dataclass(frozen=True)
class TextLine:
    """A text line of the console; `at` is in seconds since power-on."""

    text: str
    at: float


class Console:
    """All text lines since creation. One thread feeds it; any thread may wait."""

    def __init__(self) -> None:
        self._uart: Callable[[bytes], None] | None = None
        self._raw_end = b""  # A mark at the end of the last bytes.
        self._changed = threading.Condition()
        self._lines: list[TextLine] = []
        self._partial = b""
        self._began = time.monotonic()
        self._seen = 0
        self._ended = ""

    def begin(self, uart: Callable[[bytes], None] | None) -> None:
        """Power is on: times count from now. `uart` gets every byte, with CR LF line ends."""
        self._uart = uart
        self._raw_end = b""
        with self._changed:
            self._began = time.monotonic()
            self._ended = ""

    def feed(self, data: bytes) -> None:
        """Add bytes that the board printed."""
        if self._uart:
            data = self._raw_end + data
            self._raw_end = data[-1:] if data.endswith(_RAW) else b""
            data = data.removesuffix(_RAW)
            cooked = [part.replace(b"\n", b"\r\n") for part in data.split(_RAW + b"\n")]
            self._uart(b"\n".join(cooked))
        with self._changed:
            *whole, self._partial = (self._partial + data).split(b"\n")
            for line in whole:
                self._add(line)

    def end(self, how: str) -> None:
        """The board has ended; an unfinished text line counts as a line."""
        with self._changed:
            if self._partial:
                self._add(self._partial)
                self._partial = b""
            self._ended = how
            self._changed.notify_all()

    @property
    def lines(self) -> list[TextLine]:
        """Return all text lines so far."""
        with self._changed:
            return list(self._lines)

    def expect(self, what: str | re.Pattern[str], *, timeout: float) -> TextLine:
        """Return the next text line, after the last returned one, that contains or matches `what`.

        Raises BoardError after `timeout` seconds, or once the board has ended.
        """
        __tracebackhide__ = True  # pytest then shows the caller.
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for number in range(self._seen, len(self._lines)):
                    if _matches(what, self._lines[number].text):
                        self._seen = number + 1
                        return self._lines[number]
                if self._ended:
                    raise BoardError(self._failure(what, f"the board {self._ended}"))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BoardError(self._failure(what, f"waited {timeout:g} s"))
                self._changed.wait(left)

    def tail(self, count: int = _TAIL) -> str:
        """Return the last `count` text lines, indented."""
        with self._changed:
            shown = [f"  {line.at:8.3f} {line.text}" for line in self._lines[-count:]]
            return "\n".join(shown) or "  (nothing)"

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._lines.append(TextLine(text, time.monotonic() - self._began))
        self._changed.notify_all()

    def _failure(self, what: str | re.Pattern[str], why: str) -> str:
        wanted = what if isinstance(what, str) else what.pattern
        return f"no line with {wanted!r}: {why}. Its last output:\n{self.tail()}"


def _matches(what: str | re.Pattern[str], text: str) -> bool:
    return what in text if isinstance(what, str) else what.search(text) is not None
