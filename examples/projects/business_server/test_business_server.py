import json
import runpy
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Settings

HERE = Path(__file__).parent


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


@pytest.fixture
def iot_settings():
    return Settings(api_seconds=0)  # The cloud client signs the real time, not that of iot_clock.


@pytest.fixture
def lamp(iot_platform, product, factory_flash):
    model = json.loads((HERE / "thing.json").read_text(encoding="utf-8"))
    iot_platform.console.set_thing_model(product.key, model)
    board = factory_flash(
        "lamp-1", main=(HERE / "firmware" / "main.py").read_text(encoding="utf-8")
    )
    board.power_on()
    return board


def test_server_switches_the_lamp(iot_clock, iot_cloud, product, lamp):
    server = runpy.run_path(str(HERE / "server.py"), run_name="server")
    iot_clock.run_until("property_posted", device_name="lamp-1", values={"on": 0})
    names = (product.instance, product.key, "lamp-1")
    assert not server["is_on"](iot_cloud, *names)
    assert server["switch"](iot_cloud, *names, on=True)
    iot_clock.run_until("property_posted", device_name="lamp-1", values={"on": 1})
    assert server["is_on"](iot_cloud, *names)
    assert lamp.pin(2).level == 1


def test_lamp_survives_a_lost_wifi(iot_clock, lamp):
    iot_clock.run_until("property_posted", device_name="lamp-1", values={"on": 0})
    lamp.wifi.off()
    lost = iot_clock.run_until("offline", device_name="lamp-1")
    lamp.wifi.on()
    iot_clock.run_until("property_posted", device_name="lamp-1", after=lost, values={"on": 0})
