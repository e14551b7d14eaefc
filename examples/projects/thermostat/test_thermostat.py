import json
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock

FIRMWARE = Path(__file__).with_name("firmware")


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


@pytest.fixture
def thermostat(iot_platform, product, factory_flash):
    model = (FIRMWARE / "thing.json").read_bytes()
    iot_platform.console.set_thing_model(product.key, json.loads(model))
    main = (FIRMWARE / "main.py").read_text(encoding="utf-8")
    board = factory_flash("room-1", main=main, files={"/thing.json": model})
    board.adc(34).set_volts(0.185)
    board.power_on()
    return board


def test_thermostat_heats_to_its_target(iot_platform, iot_clock, product, thermostat):
    iot_clock.run_until(
        "property_posted", values={"target": 20, "temperature": 18.5, "heating": 1}
    )
    assert thermostat.pin(26).level == 1
    iot_platform.cloud.set_properties(product.key, "room-1", {"target": 17})
    iot_clock.run_until(
        "property_posted", values={"target": 17, "temperature": 18.5, "heating": 0}
    )
    assert thermostat.pin(26).level == 0
    iot_platform.cloud.call_service(product.key, "room-1", "SelfTest", {"seconds": 5})
    assert iot_clock.run_until("answered", device_name="room-1", answer=200)


def test_thermostat_survives_a_lost_wifi(iot_clock, thermostat):
    iot_clock.run_until("property_posted", device_name="room-1")
    thermostat.wifi.off()
    iot_clock.run_until(lambda: "alink: offline" in thermostat.tail(3))
    lost = iot_clock.run_until("offline", device_name="room-1")
    thermostat.adc(34).set_volts(0.21)
    thermostat.wifi.on()
    values = {"target": 20, "temperature": 21.0, "heating": 0}
    iot_clock.run_until("property_posted", after=lost, values=values)
