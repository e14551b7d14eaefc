"""Boards that are cut off, dribbled at and kept waiting, under a clock that the test drives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from tests.sim.conftest import make_rig, rig
from tests.waiting import PATIENCE

__all__ = ["make_rig", "rig"]


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[ManualClock]:
    made = ManualClock(tmp_path / "clock")
    yield made
    made.close()


def drive(
    board: Board,
    clock: ManualClock,
    until: Callable[[], bool],
    *,
    polls_too: bool = False,
) -> None:
    """Let the clock go on whenever the board sleeps without a session, until something is so.

    `polls_too`: also, a little at a time, while it waits for the network in a session.
    """
    deadline = time.monotonic() + PATIENCE
    while not until():
        waiting = board.waiting
        if waiting and waiting.kind == "sleep":
            clock.advance(max(0.0, waiting.until / 1000 - clock.time()))
        elif waiting and polls_too:
            clock.advance(1)
        assert time.monotonic() < deadline, [line.text for line in board.lines[-20:]]
        time.sleep(0.001 if not polls_too else 0.02)
