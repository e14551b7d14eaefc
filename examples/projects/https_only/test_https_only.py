from pathlib import Path

import pytest

from alink_sim.clock import ManualClock

MAIN = Path(__file__).with_name("firmware").joinpath("main.py").read_text(encoding="utf-8")


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def test_meter_reports_without_a_session(iot_platform, iot_clock, factory_flash):
    board = factory_flash("meter-1", main=MAIN, method="https")
    board.power_on()
    iot_clock.run_until("registered", device_name="meter-1")
    first = iot_clock.run_until("property_posted", device_name="meter-1", values={"power": 230})
    iot_clock.run_until(lambda: board.asleep)
    board.wifi.mute()
    iot_clock.run_until(lambda: "meter: not sent" in board.tail(1))
    board.wifi.on()
    iot_clock.run_until("property_posted", after=first, values={"power": 230})
    assert "online" not in {event.kind for event in iot_platform.events()}
