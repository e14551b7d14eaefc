"""The programs of examples/ as they stand, on the real interpreter."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.board import Board
from alink_sim.board.heap import beside_standins
from alink_sim.clock import ManualClock
from tests.sim.conftest import PATIENCE, Line, until_waiting
from tests.sim.session.test_thing import answered

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def start(line: Line, name: str) -> Board:
    main = (EXAMPLES / name).read_text("utf-8")
    return line.board(
        "dev-1",
        main=main,
        files={"thing.json": (EXAMPLES / "thing.json").read_bytes()},
        heap=beside_standins(line.interpreter),
    )


def test_the_thermostat_posts_and_takes_a_target(line: Line) -> None:
    with start(line, "thermostat.py") as board:
        board.power_on()
        posted = line.platform.expect("property_posted", timeout=PATIENCE)
        assert posted.detail["values"] == {"target": 20, "temperature": 18.5, "heating": 1}
        number = line.platform.set_properties(line.product_key, "dev-1", {"target": 25})
        assert answered(line, number) == 200
        number = line.platform.set_properties(line.product_key, "dev-1", {"target": 31})
        assert answered(line, number) == 460
        number = line.platform.call_service(line.product_key, "dev-1", "SelfTest", {})
        assert answered(line, number) == 200


def test_the_button_tells_of_each_press(line: Line) -> None:
    with start(line, "button.py") as board:
        board.power_on()
        event = line.platform.expect("event_posted", timeout=PATIENCE)
        assert (event.detail["event"], event.detail["values"]) == ("pressed", {"count": 1})


@pytest.fixture
def clock(tmp_path: Path):
    made = ManualClock(tmp_path / "clock")
    yield made
    made.close()


def test_the_sensor_sleeps_wakes_and_registers_once(
    make_line: Callable[..., Line], clock: ManualClock
) -> None:
    line = make_line(clock=clock)
    with start(line, "sensor.py") as board:
        board.power_on()
        for wakes in (1, 2, 3):
            _until_asleep(board, clock)
            assert line.kinds("dev-1").count("property_posted") == wakes
            clock.advance(601)
        assert line.kinds("dev-1").count("registered") == 1
        assert line.kinds("dev-1").count("online") >= 3


def test_what_the_sensor_measured_while_offline_arrives_later(
    make_line: Callable[..., Line], clock: ManualClock
) -> None:
    line = make_line(clock=clock)
    with start(line, "sensor.py") as board:
        board.power_on()
        _until_asleep(board, clock)
        line.platform.disable_device(line.product_key, "dev-1")
        clock.advance(601)
        board.expect("login refused", timeout=PATIENCE)
        _until_asleep(board, clock)
        line.platform.enable_device(line.product_key, "dev-1")
        clock.advance(601)
        _until_asleep(board, clock)
        assert line.kinds("dev-1").count("property_posted") == 3


def _until_asleep(board: Board, clock: ManualClock) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        until_waiting(board, clock)
        waiting = board.waiting
        if waiting and waiting.kind == "deepsleep":
            return
        assert time.monotonic() < deadline, [line.text for line in board.lines]
        clock.advance(0.05)
        time.sleep(0.002)  # The platform answers in real time.
