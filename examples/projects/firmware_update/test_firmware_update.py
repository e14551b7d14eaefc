from pathlib import Path

import pytest

from alink_sim.board import firmware_image
from alink_sim.clock import ManualClock

HERE = Path(__file__).parent
VERSION = (HERE / "version.py").read_text(encoding="utf-8")
MAIN = HERE.joinpath("firmware", "main.py").read_text(encoding="utf-8")


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def image(version):
    frozen = {"version.py": VERSION.replace("1.0.0", version)}
    return firmware_image.application("esp32", version=version, frozen=frozen)


def test_lamp_updates_although_the_wifi_is_lost(iot_platform, iot_clock, product, factory_flash):
    lamp = factory_flash("lamp-1", main=MAIN, board="ESP32_GENERIC-OTA", app=image("1.0.0"))
    lamp.power_on()
    iot_clock.run_until("ota_version", device_name="lamp-1", version="1.0.0")
    assert lamp.running == "ota_0"
    lamp.wifi.off()
    lost = iot_clock.run_until("offline", device_name="lamp-1")
    iot_platform.ota.publish(product.key, "2.0.0", image("2.0.0"))
    lamp.wifi.on()
    iot_clock.run_until("ota_task", device_name="lamp-1", after=lost, status="SUCCEEDED")
    iot_clock.run_until(lambda: "lamp 2.0.0" in lamp.tail())
    assert lamp.running == "ota_1"
