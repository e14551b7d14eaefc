"""The board refuses what mbedTLS refuses, by the board's own clock, and says it in its words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform.state import ca
from tests.sim.conftest import Rig


def test_private_platform_needs_its_root(rig: Rig) -> None:
    board = rig.board("dev-1", ca=())
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ").text
    assert "has an unknown issuer" in text


@pytest.mark.simulated("the name of a proxy leads to the platform")
def test_wrong_host_certificate_is_refused(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig()
    # A proxy may have any name; another host of the vendor is refused before the dial.
    board = rig.board("dev-1", host="proxy.test")
    board.resolve(("proxy.test 127.0.0.1", "*.aliyuncs.com 127.0.0.1"))
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ").text
    assert "is for another host" in text


def test_expired_certificate_is_refused_by_board_clock(
    make_rig: Callable[..., Rig], tmp_path: Path
) -> None:
    # Good by the machine's clock, so that only the board's can object.
    an_hour_after = ca.NOT_AFTER.timestamp() + 3600
    clock = ManualClock(tmp_path / "clock", start=an_hour_after)
    rig = make_rig(clock=clock)
    board = rig.board("dev-1")
    with board:
        board.power_on()
        text = board.expect("alink: not registered: ").text
        rig.driver.expect(board, "alink: clock set to ")  # Again: the clock may be wrong.
    clock.close()
    assert f"has expired (this board's clock says {ca.NOT_AFTER.year}-" in text


def test_no_secret_is_ever_printed(rig: Rig) -> None:
    board = rig.board("dev-1", method="regnwl", register=False)
    with board:
        board.power_on()
        board.expect("answered: 200")
    printed = "\n".join(one.text for one in board.lines)
    device = rig.platform.console.device(rig.product_key, "dev-1")
    secrets = [rig.product_secret, device.secret, device.client_ids[0].token]
    for secret in secrets:
        assert secret not in printed
        assert secret not in "".join(map(str, rig.platform.events()))
