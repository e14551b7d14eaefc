from pathlib import Path

import pytest

from alink_sim.clock import ManualClock

MAIN = Path(__file__).with_name("firmware").joinpath("main.py").read_text(encoding="utf-8")


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def test_sensor_sends_later_what_it_measured_offline(iot_platform, iot_clock, factory_flash):
    board = factory_flash("sensor-1", main=MAIN)

    def temperatures():
        posts = iot_platform.events(kind="property_posted", device_name="sensor-1")
        return [post.detail["values"]["temperature"] for post in posts]

    def sleeps():
        waiting = board.waiting
        return waiting and waiting.kind == "deepsleep" and waiting.until > iot_clock.time() * 1000

    def sleep_after(volts):
        board.adc(34).set_volts(volts)
        iot_clock.advance(601)
        iot_clock.run_until(sleeps)

    board.adc(34).set_volts(0.215)
    board.power_on()
    iot_clock.run_until(sleeps)
    assert temperatures() == [21.5]
    board.wifi.off()
    sleep_after(0.22)
    assert temperatures() == [21.5]
    board.wifi.on()
    sleep_after(0.225)
    assert temperatures() == [21.5, 22.0, 22.5]
    assert len(iot_platform.events(kind="registered")) == 1
