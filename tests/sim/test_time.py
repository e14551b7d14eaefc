"""Hours in milliseconds: platform and board on one clock that the test turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from tests.sim.conftest import PATIENCE, RESETS_BEFORE_STORING, Line, until_waiting

ONLINE = re.compile(r"^alink: online at ")
POSTED = re.compile(r"^alink: property post 1 answered: 200")


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[ManualClock]:
    made = ManualClock(tmp_path / "clock")
    yield made
    made.close()


@pytest.fixture
def timed(make_line: Callable[..., Line], clock: ManualClock) -> Line:
    return make_line(clock=clock)


def _online(line: Line) -> Board:
    board = line.board("dev-1")
    board.power_on()
    board.expect(ONLINE, timeout=PATIENCE)
    board.expect(POSTED, timeout=PATIENCE)
    return board


def test_a_board_of_the_year_2000_sets_its_clock_before_tls(timed: Line) -> None:
    board = timed.board("dev-1")
    with board:
        board.power_on()
        said = board.expect("alink: clock set to ", timeout=PATIENCE).text
        assert "2026-11-23T18:00:0" in said
        board.expect(ONLINE, timeout=PATIENCE)


def test_a_quiet_session_lives_for_hours_on_pings_alone(timed: Line, clock: ManualClock) -> None:
    with _online(timed) as board:
        for _ in range(30):
            until_waiting(board, clock, at_least=60)
            clock.advance(241)
        until_waiting(board, clock, at_least=60)
        assert timed.kinds("dev-1").count("online") == 1
        assert "offline" not in timed.kinds("dev-1")


def test_an_outage_of_hours_ends_with_the_board_online_again(
    timed: Line, clock: ManualClock
) -> None:
    with _online(timed) as board:
        timed.platform.disable_device(timed.product_key, "dev-1")
        board.expect("alink: offline: ", timeout=PATIENCE)
        for _ in range(4):
            until_waiting(board, clock)
            clock.advance(3600)
            board.expect("alink: login refused, CONNACK 4", timeout=PATIENCE)
        timed.platform.enable_device(timed.product_key, "dev-1")
        until_waiting(board, clock)
        clock.advance(4600)
        board.expect(ONLINE, timeout=PATIENCE)
    assert timed.kinds("dev-1").count("registered") == 1


def test_ten_minutes_pass_before_a_third_registration(timed: Line, clock: ManualClock) -> None:
    board = timed.board("dev-1", method="regnwl", register=False, main=RESETS_BEFORE_STORING)
    with board:
        board.power_on()
        board.expect("the next one begins in 10 minutes", timeout=PATIENCE)
        for _ in range(9):
            until_waiting(board, clock)
            clock.advance(60)
        assert len(timed.platform.device(timed.product_key, "dev-1").client_ids) == 2
        until_waiting(board, clock)
        clock.advance(60)
        board.expect("three registrations were begun and none ended", timeout=PATIENCE)
    assert len(timed.platform.device(timed.product_key, "dev-1").client_ids) == 3
