"""The state of the screen: what to do now, figures, failures that need an action."""

from __future__ import annotations

import pytest

from alink_factory.job.progress import Outcome, Progress
from alink_factory.job.serials import Serials
from alink_factory.line import Count
from alink_factory.screen.state import Scans, ScreenState

PORTS = [f"/dev/ttyUSB{n}" for n in range(8)]


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wall(clock) -> ScreenState:
    state = ScreenState(now=clock)
    state.count(Count(rows=1000, done=412, begun=5))
    for number, port in enumerate(PORTS[:7]):
        state.progress(Progress(port, "identify", mac=f"a0b76512345{number}"))
    state.progress(Progress(PORTS[1], "writing", 0.5, device_name="lamp-000413"))
    state.outcome(Outcome(PORTS[0], "done", device_name="lamp-000412"), is_last=True)
    for port in PORTS[2:6]:
        failed = Outcome(port, "failed", detail="the connection broke off", advice="Check cable.")
        state.outcome(failed, is_last=port != PORTS[3])
    return state


def failed(port: str, mac: str = "", detail: str = "the cable is loose") -> Outcome:
    return Outcome(port, "failed", mac, detail=detail, advice="Again.")


def open_failures(state: ScreenState) -> list[str]:
    return [one.detail for one in state.failures if one.is_open]


def test_instruction_names_green_and_red_boards(wall):
    says = "Take out 1 (green). Take out 3, 5, 6 (red) and follow the text below."
    assert wall.instruction == says


def test_figures_have_counts_and_yield(wall):
    assert wall.figures == "412 of 1000 done · 2 at work · 3 red · first-pass yield 20.0 %"
    again = Outcome(PORTS[6], "already", "a0b765123456", device_name="lamp-000001")
    wall.outcome(again, is_last=True)  # It was counted when it was burned.
    assert wall.figures == "412 of 1000 done · 1 at work · 3 red · first-pass yield 20.0 %"
    assert wall.percent == 41


def test_failed_boards_are_listed_newest_first(wall):
    assert [(one.number, one.is_tried) for one in wall.failures] == [
        (6, False),
        (5, False),
        (4, True),
        (3, False),
    ]
    assert wall.failures[0].name == "a0b765123455"


def test_next_attempt_closes_the_failure(wall):
    wall.progress(Progress(PORTS[3], "identify"))
    assert wall.tiles[3].detail == "another attempt"
    wall.outcome(Outcome(PORTS[3], "done", "a0b765123453"), is_last=True)
    assert [one.is_open for one in wall.failures] == [True, True, True, False]


def test_repeated_failure_of_a_board_is_listed_once():
    state = ScreenState(named=PORTS[:1])
    for _ in range(3):
        state.progress(Progress(PORTS[0], "identify", mac="a" * 12))
        state.outcome(failed(PORTS[0], "a" * 12), is_last=False)
    assert len(state.failures) == 1


def test_failure_of_a_taken_out_board_stays_open():
    state = ScreenState(named=PORTS[:2])
    state.outcome(failed(PORTS[0], "a" * 12), is_last=True)
    state.gone(PORTS[0])
    assert state.tiles[0].state == "aside"
    assert open_failures(state) == ["the cable is loose"]
    state.progress(Progress(PORTS[0], "identify"))
    assert open_failures(state) == []


def test_green_on_another_port_closes_the_failure():
    state = ScreenState(named=PORTS[:2])
    state.outcome(failed(PORTS[0], "a" * 12), is_last=True)
    state.gone(PORTS[0])
    state.outcome(Outcome(PORTS[1], "done", "b" * 12), is_last=True)
    assert open_failures(state) == ["the cable is loose"]
    state.outcome(Outcome(PORTS[1], "done", "a" * 12), is_last=True)
    assert open_failures(state) == []
    assert state.tiles[0].state == "free"


def test_named_port_has_tile_before_first_board():
    state = ScreenState(named=PORTS[:3])
    state.progress(Progress(PORTS[2], "identify"))
    assert state.ports == PORTS[:3]
    assert "Plug a board into 1, 2." in state.instruction


def test_remark_disappears_and_instruction_stays(clock):
    state = ScreenState(now=clock)
    state.outcome(Outcome(PORTS[0], "done"), is_last=True)
    state.say("Scanned 77: plug in its board.")
    assert state.remark == "Scanned 77: plug in its board."
    assert state.instruction.startswith("Take out 1 (green).")
    clock.seconds += 7
    assert state.remark == ""


def test_state_asks_for_scan_and_shows_queue():
    serials = Serials()
    state = ScreenState(named=PORTS[:2], scans=Scans(serials, is_needed=True))
    assert state.instruction == "Scan a board, then plug it into 1, 2."
    serials.add("1001")
    serials.add("1002")
    assert state.instruction == "Plug the board 1001 into 1, 2."
    assert state.remark == "Scans waiting: 1001, 1002"


@pytest.mark.parametrize(
    ("done", "says"),
    [
        (37, "Leave the blue boards plugged in. Plug a board into 2, 3."),
        (38, "Leave the blue boards plugged in. Plug a board into 2."),
        (39, "Leave the blue boards plugged in. The batch needs no more boards."),
    ],
)
def test_only_boards_still_needed_are_asked_for(done, says):
    state = ScreenState(named=PORTS[:3])
    state.count(Count(rows=40, done=done, begun=1))
    state.progress(Progress(PORTS[0], "writing"))
    assert state.instruction == says


def test_tile_has_scanned_number_and_name():
    state = ScreenState()
    state.progress(Progress(PORTS[0], "writing", serial="1001", device_name="lamp-0001"))
    assert state.tiles[0].label == "1001 · lamp-0001"


def test_a_complete_batch_has_nothing_left(clock):
    state = ScreenState(now=clock)
    state.count(Count(rows=10, done=0, begun=0))
    clock.seconds += 60
    state.count(Count(rows=10, done=5, begun=0))
    assert "300 an hour, about 2 min left" in state.figures
    state.count(Count(rows=10, done=10, begun=0))
    assert "600 an hour" in state.figures
    assert "left" not in state.figures


def test_seconds_of_a_board_end_with_its_outcome(clock):
    state = ScreenState(now=clock)
    state.progress(Progress(PORTS[0], "writing"))
    clock.seconds += 12
    assert state.tiles[0].seconds == 12
    state.outcome(Outcome(PORTS[0], "done"), is_last=True)
    clock.seconds += 12
    assert state.tiles[0].seconds == 12


def test_a_free_port_asks_for_a_board(wall):
    wall.gone(PORTS[0])
    assert "Plug a board into 1." in wall.instruction


def test_stopping_line_says_how_to_abandon(wall):
    wall.closing([PORTS[1], PORTS[6]], abandons=False)
    says = "Finishing 2 at work, then the line stops. Ctrl-C again abandons them."
    assert wall.instruction == says


def test_progress_never_goes_back(wall):
    wall.progress(Progress(PORTS[1], "writing", 0.1))
    assert wall.tiles[1].percent == 48


def test_outcomes_are_counted_for_sounds(wall):
    assert (wall.green, wall.red) == (1, 3)
