"""The board refuses what mbedTLS refuses, by the board's own clock, and says it in its words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alink_sim.clock import ManualClock
from tests.sim.conftest import PATIENCE, Line


def test_a_private_platform_is_not_trusted_without_its_root(line: Line) -> None:
    board = line.board("dev-1", ca=())
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ", timeout=PATIENCE).text
    assert "has an unknown issuer" in text


def test_a_host_that_the_certificate_does_not_name_is_refused(
    make_line: Callable[..., Line],
) -> None:
    line = make_line()
    board = line.board("dev-1", host="elsewhere.aliyuncs.com")
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ", timeout=PATIENCE).text
    assert "is for another host" in text


def test_an_expired_certificate_is_refused_by_the_boards_clock(
    make_line: Callable[..., Line], tmp_path: Path
) -> None:
    # The platform's certificate is good for 825 days from the machine's today.
    clock = ManualClock(tmp_path / "clock", start=1795456800.0 + 9 * 365 * 86400)
    line = make_line(clock=clock)
    board = line.board("dev-1")
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ", timeout=PATIENCE).text
    clock.close()
    assert "has expired (this board's clock says 2035-" in text


def test_a_board_that_believes_a_wrong_time_says_which(line: Line) -> None:
    main = """
import machine
from alink import Device
machine.RTC().datetime((2026, 11, 2, 0, 0, 0, 0, 0))
device = Device.from_flash()
device.connect()
"""
    board = line.board("dev-1", main=main)
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ", timeout=PATIENCE).text
    assert "is not yet valid (this board's clock says 2026-11-02T" in text


def test_no_secret_is_ever_printed(line: Line) -> None:
    board = line.board("dev-1", method="regnwl", register=False)
    with board:
        board.power_on()
        board.expect("answered: 200", timeout=PATIENCE)
    printed = "\n".join(one.text for one in board.lines)
    device = line.platform.device(line.product_key, "dev-1")
    secrets = [line.product_secret, device.secret, device.client_ids[0].token]
    for secret in secrets:
        assert secret not in printed
        assert secret not in "".join(map(str, line.platform.events()))
