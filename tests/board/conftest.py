"""Boards with a few text lines of firmware, real flash and, in some tests, a ManualClock."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_formats.identity import Identity
from alink_sim.board import FOREVER, Board
from alink_sim.clock import ManualClock
from alink_sim.toolchain import Interpreter
from tests.waiting import PATIENCE


class Bench:
    """Make boards; switch them off at the end."""

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        self._folder = folder
        self.interpreter = interpreter
        self._boards: list[Board] = []

    def board(
        self,
        main: str,
        *,
        layout: str = "factory",
        identity: Identity | None = None,
        files: dict[str, bytes] | None = None,
        clock: ManualClock | None = None,
        wifi: tuple[str, str] | None = None,
        heap: str = "56wk",
        board: str = "ESP32_GENERIC",
        app: bytes | None = None,
        hosts: tuple[str, ...] = ("*.aliyuncs.com 127.0.0.1", "plain.test 127.0.0.2"),
    ) -> Board:
        """Burn a board whose main.py is `main`."""
        made = Board.create(
            self._folder / f"board-{len(self._boards)}",
            interpreter=self.interpreter,
            layout=layout,
            identity=identity,
            files={"/main.py": textwrap.dedent(main).encode()} | (files or {}),
            clock=clock,
            wifi=wifi,
            heap=heap,
            board=board,
            app=app,
            hosts=hosts,
        )
        self._boards.append(made)
        return made

    def run(self, main: str, **options: object) -> list[str]:
        """Burn a board, run its main.py to the end, return its output."""
        board = self.board(main, **options)  # type: ignore[arg-type]
        return printed(board)

    def off(self) -> None:
        for board in self._boards:
            board.power_off()


def printed(board: Board) -> list[str]:
    """Power a board on until main.py has ended; return the new output."""
    before = len(board.lines)
    board.power_on()
    outcome = board.wait()
    lines = [line.text for line in board.lines[before:]]
    assert outcome == "halted", "\n".join(lines)
    return lines


def turn(clock: ManualClock, board: Board, until: str) -> str:
    """Advance the clock to each wait of the board until it prints `until`; return that line."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = board.has_ended
        for line in board.lines:
            if until in line.text:
                return line.text
        if ended:
            break
        waiting = board.waiting
        now = round(clock.time() * 1000)
        if waiting and waiting.until != FOREVER and waiting.until > now:
            clock.advance((waiting.until - now) / 1000)
        else:
            time.sleep(0.001)  # The board reads the clock meanwhile; not a verdict.
    raise AssertionError(f"no line with {until!r}: {[line.text for line in board.lines]}")


def wait_until_waiting(board: Board, kind: str) -> int:
    """Wait until the board waits; return the end of its wait."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        waiting = board.waiting
        if waiting and waiting.kind == kind:
            return waiting.until
        time.sleep(0.001)
    raise AssertionError(f"it does not {kind}: {[line.text for line in board.lines]}")


@pytest.fixture
def bench(tmp_path: Path, interpreter: Interpreter) -> Iterator[Bench]:
    made = Bench(tmp_path, interpreter)
    yield made
    made.off()


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[ManualClock]:
    made = ManualClock(tmp_path / "clock")
    yield made
    made.close()
