"""A clock may move only while each board is in one wait, in which nothing came for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest

from alink_sim import clock_driver
from alink_sim.board import Board, Waiting
from alink_sim.clock import ManualClock
from alink_sim.clock_driver import ClockDriver
from alink_sim.platform import Platform

START = 1_800_000_000.0
UNTIL = int(START * 1000) + 5000


@dataclass
class Waiter:
    """A board in a wait of five seconds; `looks_alone` tells whether it looks at its sockets."""

    looks_alone: bool = True
    looks: int = 7
    number: int = 1
    has_ended: bool = False
    has_drained: bool = True

    @property
    def waiting(self) -> Waiting:
        self.looks += self.looks_alone
        return Waiting(UNTIL, "poll", self.looks % 256, self.number)


class Driver(ClockDriver):
    """A driver whose platform does something at the moment in which it is asked."""

    def __init__(self, board: Waiter, at_work: Callable[[], object]) -> None:
        nowhere = cast("Callable[[], Platform]", lambda: None)
        super().__init__(ManualClock(start=START), nowhere, [cast("Board", board)], None)
        self._at_work = at_work

    def platform_rests(self) -> bool:
        self._at_work()
        return True


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_driver, "_STARVED", 0.05)


def test_board_without_new_bytes_is_idle() -> None:
    assert Driver(Waiter(), lambda: None).next_moment() == UNTIL / 1000


def test_looks_during_work_of_platform_do_not_count() -> None:
    board = Waiter(looks_alone=False)

    def work() -> None:
        board.looks += 2  # Then its processor is gone, and the platform sends.

    assert Driver(board, work).next_moment() is None


def test_board_in_another_wait_is_not_idle() -> None:
    board = Waiter()

    def work() -> None:
        board.number += 1  # It got the reply, sent a request, and waits as long again.

    assert Driver(board, work).next_moment() is None
