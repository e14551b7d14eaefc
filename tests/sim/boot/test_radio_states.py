"""The states of a bad network in the words of a board, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.clock import ManualClock
from tests.sim.conftest import Rig


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
def test_board_names_each_state_of_network(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    board = rig.board(
        "dev-1",
        heap=beside_standins(rig.interpreter),
        wifi_ssid="plant",
        wifi_password="password",
    )

    def says(text: str) -> str:
        return rig.driver.expect(board, text, step=1)

    board.wifi.set_network("plant", "changed")
    board.power_on()
    says("Wi-Fi plant not joined for 30 s: wrong password; check its name and password")
    board.wifi.set_network("away", "password")
    says("not joined for 60 s: no network of this name in range")
    board.wifi.delay_dhcp(40)
    board.wifi.set_network("plant", "password")
    says("not joined for 90 s: connecting")
    board.wifi.captive()
    board.wifi.delay_dhcp(0)
    says("clock set to ")
    said = says("not registered: the connection to ")
    assert "mqtt.iothub.aliyuncs.com:" in said
    assert "failed: ECONNRESET; next try in " in said
    board.wifi.on()
    board.wifi.weaken(delay_ms=20)
    says(", session 1")
    says("property post 1 answered: 200")
    board.wifi.captive()
    assert "ECONNRESET" in says("alink: offline: ")
    board.wifi.on()
    says(", session 2")
