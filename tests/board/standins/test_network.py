"""network.WLAN: it joins the network in range, or reports the reason."""

from __future__ import annotations

import pytest

from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, turn

MAIN = """
import network, time
station = network.WLAN(network.STA_IF)
print(station.active(), station.isconnected())
try:
    station.connect("home", "password")
except OSError as error:
    print(error)
station.active(True)
station.connect("home", "password")
print(station.isconnected(), station.status() == network.STAT_CONNECTING)
time.sleep(3)
print("status", station.status(), station.isconnected(), station.ifconfig()[0])
"""


@pytest.mark.parametrize(
    ("wifi", "end"),
    [
        (None, "status 1010 True 127.0.0.1"),
        (("home", "password"), "status 1010 True 127.0.0.1"),
        (("home", "changed"), "status 202 False 0.0.0.0"),
        (("away", "password"), "status 201 False 0.0.0.0"),
    ],
)
def test_station_joins_with_right_ssid_and_password(bench: Bench, clock, wifi, end):
    board = bench.board(MAIN, wifi=wifi, clock=clock)
    board.power_on()
    assert turn(clock, board, "status") == end
    assert [line.text for line in board.lines][:3] == [
        "False False",
        "Wifi Not Started",
        "False True",
    ]


def test_wlan_returns_one_station_object(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import network
        network.WLAN(network.STA_IF).active(True)
        print(network.WLAN(network.STA_IF).active(), network.WLAN().config("mac").hex())
        """,
        clock=clock,
    )
    assert lines == ["True a0b765123456"]


def test_connecting_station_refuses_another_connect(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import network
        station = network.WLAN(network.STA_IF)
        station.active(True)
        station.connect("home", "password")
        try:
            station.connect("home", "password")
        except OSError as error:
            print(error)
        print(station.config("reconnects"))
        """,
        clock=clock,
    )
    assert lines == ["Wifi Internal State Error", "-1"]
