"""The terminal of a run: output of the boards, orders of a person, and the REPL."""

from __future__ import annotations

import os
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from alink_sim.board import Board
from alink_sim.workbench.orders import ExpectationError, OrderError, Orders

_CTRL_C, _CTRL_D, _CTRL_X = b"\x03", b"\x04", b"\x18"
_QUIT = (["quit"], ["exit"])


class Terminal:
    """Standard input and output of `alink-sim board run`, for `count` boards."""

    def __init__(self, count: int) -> None:
        self.failed = False  # Whether an `expect` failed.
        self._count = count
        self._lock = threading.Lock()
        self._partial = [b""] * count

    def show(self, number: int, data: bytes) -> None:
        """Print the output of a board; of several boards, whole text lines with a number."""
        data = data.replace(b"\r\n", b"\n")
        with self._lock:
            if self._count > 1:
                *whole, self._partial[number] = (self._partial[number] + data).split(b"\n")
                data = b"".join(b"board-%d| %s\n" % (number + 1, line) for line in whole)
            sys.stdout.write(data.decode("utf-8", "replace"))
            sys.stdout.flush()

    def tell(self, text: str) -> None:
        """Print a sentence that is not from a board."""
        with self._lock:
            sys.stdout.write(f"alink-sim: {text}\n")
            sys.stdout.flush()

    def serve(self, orders: Orders, boards: list[Board]) -> None:
        """Carry out orders until `quit`, the end of input at a terminal, or a signal."""
        at_terminal = sys.stdin.isatty()
        while True:
            try:
                text = sys.stdin.readline()
                if not text and not at_terminal:
                    threading.Event().wait()  # Until a signal: the input of a script has ended.
                if not text or text.split()[:1] in _QUIT:
                    return
                self.carry_out(orders, text)
            except KeyboardInterrupt:
                if not at_terminal:
                    return
                self._repl(boards[0])

    def carry_out(self, orders: Orders, text: str) -> None:
        """Carry out an order and print its reply, or why it cannot be carried out."""
        if not text.strip():
            return
        try:
            reply = orders.run(text)
        except OrderError as error:
            self.failed |= isinstance(error, ExpectationError)
            self.tell(str(error))
            return
        if reply:
            with self._lock:
                sys.stdout.write(f"{reply}\n")
                sys.stdout.flush()

    def _repl(self, board: Board) -> None:
        # Send every key to the board; Ctrl-D starts main.py again, Ctrl-X only leaves the REPL.
        with _keys(sys.stdin.fileno()):
            board.type(_CTRL_C)
            while True:
                key = os.read(sys.stdin.fileno(), 1)
                if not key or key == _CTRL_X:
                    return
                board.type(b"\r" if key == b"\n" else key)
                if key == _CTRL_D:
                    return


@contextmanager
def _keys(terminal: int) -> Iterator[None]:
    # Let the terminal give each key at once, without an echo, Ctrl-C too.
    before = termios.tcgetattr(terminal)
    after = termios.tcgetattr(terminal)
    after[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
    termios.tcsetattr(terminal, termios.TCSADRAIN, after)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
