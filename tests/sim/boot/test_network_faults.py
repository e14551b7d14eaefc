"""Faults that a board meets on its way: a sentence for each, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault
from tests.sim.conftest import Rig, until_waiting

FLAWS = {
    "expired": "has expired (this board's clock says ",
    "not_yet_valid": "is not yet valid (this board's clock says ",
    "wrong_host": "is for another host",
    "unknown_issuer": "has an unknown issuer",
}


@pytest.fixture
def timed(make_rig: Callable[..., Rig], tmp_path: Path) -> tuple[Rig, ManualClock]:
    clock = ManualClock(tmp_path / "clock")
    return make_rig(clock=clock), clock


@pytest.mark.parametrize("flaw", FLAWS)
def test_bad_tls_certificate_is_reported_then_retried(
    timed: tuple[Rig, ManualClock], flaw: str
) -> None:
    rig, clock = timed
    rig.platform.faults.add(Fault.certificate(flaw), times=1)
    with rig.board("dev-1") as board:
        board.power_on()
        said = board.expect("alink: not registered: ").text
        assert FLAWS[flaw] in said
        until_waiting(board, clock, at_least=20)
        clock.advance(31)
        board.expect("alink: online at ")


def test_unresolved_host_is_reported_then_retried(
    timed: tuple[Rig, ManualClock],
) -> None:
    rig, clock = timed
    board = rig.board("dev-1")
    board.resolve(("ntp.aliyuncs.com 127.0.0.1",))
    with board:
        board.power_on()
        said = board.expect("alink: not registered: ").text
        assert "no address found for iot-test0001.mqtt.iothub.aliyuncs.com" in said
        until_waiting(board, clock, at_least=20)
        board.resolve(("*.aliyuncs.com 127.0.0.1",))
        clock.advance(31)
        board.expect("alink: online at ")


def test_throttled_board_waits_and_retries(timed: tuple[Rig, ManualClock]) -> None:
    rig, clock = timed
    rig.platform.faults.add(Fault.throttle(), connection=1)
    with rig.board("dev-1") as board:
        board.power_on()
        said = board.expect("alink: not registered: ").text
        assert "refused, CONNACK 3 (the server is unavailable; try again later)" in said
        until_waiting(board, clock, at_least=20)
        clock.advance(31)
        board.expect("alink: online at ")
