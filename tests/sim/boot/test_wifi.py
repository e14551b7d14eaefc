"""A board joins its Wi-Fi whatever boot.py did with the radio before."""

from __future__ import annotations

import pytest

from alink_sim.board.interpreter.heap import beside_standins
from tests.sim.conftest import Rig
from tests.waiting import PATIENCE

BOOTS = {
    "active": "import network\nnetwork.WLAN(network.STA_IF).active(True)\n",
    "wrong network": """
import network
station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("elsewhere", "password")
""",
    "one try": """
import network
station = network.WLAN(network.STA_IF)
station.active(True)
station.config(reconnects=0)
""",
}


@pytest.mark.parametrize("boot", BOOTS)
def test_radio_switched_on_before_joins_the_burned_network(rig: Rig, boot: str) -> None:
    board = rig.board(
        "dev-1",
        files={"boot.py": BOOTS[boot].encode()},
        heap=beside_standins(rig.interpreter),
        wifi_ssid="plant",
        wifi_password="password",
    )
    board.power_on()
    board.expect("alink: online at ", timeout=PATIENCE)


def test_interrupted_device_goes_online_again(rig: Rig) -> None:
    main = """
from alink import Device

device = Device.from_flash()
device.connect()

def interrupt():
    raise KeyboardInterrupt

device.subscribe("user/get", lambda topic, payload: interrupt())
for _ in range(2):
    try:
        device.loop()
    except KeyboardInterrupt:
        print("interrupted")
"""
    board = rig.board("dev-1", main=main, heap=beside_standins(rig.interpreter))
    board.power_on()
    rig.platform.expect("subscribed", device_name="dev-1", timeout=PATIENCE)
    rig.platform.cloud.send(rig.product_key, "dev-1", "user/get", b"x", qos=1)
    board.expect("interrupted", timeout=PATIENCE)
    board.expect(", session 2", timeout=PATIENCE)
