"""`iot_clock.run_until`: an hour of sleep passes at once, in a test of a user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock, SystemClock
from alink_sim.factory_flash import FactoryFlash

SLEEPER = """
from alink import Device
device = Device.from_flash()
device.connect()
device.post_properties({"awake": 1})
device.sleep(3600000)
"""


@pytest.fixture
def iot_clock(tmp_path: Path) -> Iterator[ManualClock]:
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def test_hour_of_sleep_passes_at_once(iot_clock: ManualClock, factory_flash: FactoryFlash) -> None:
    board = factory_flash("dev-1", main=SLEEPER)
    board.power_on()
    first = iot_clock.run_until("property_posted", device_name="dev-1", values={"awake": 1})
    assert iot_clock.run_until(lambda: board.asleep)
    second = iot_clock.run_until("property_posted", after=first)
    assert 3600 <= second.time - first.time < 3700
    with pytest.raises(ValueError, match="did you mean online"):
        iot_clock.run_until("onlin")


def test_crashed_board_ends_the_wait(iot_clock: ManualClock, factory_flash: FactoryFlash) -> None:
    factory_flash("dev-1", main="raise ValueError('no sensor')").power_on()
    with pytest.raises(AssertionError, match=r"(?s)event 'online' is None; boards.*no sensor"):
        iot_clock.run_until("online")


def test_clock_without_platform_says_so() -> None:
    with pytest.raises(RuntimeError, match="add the fixture iot_platform or board"):
        ManualClock().run_until("online")
    for turn in (SystemClock().advance, SystemClock().run_until):
        with pytest.raises(RuntimeError, match="let the fixture iot_clock return a ManualClock"):
            turn(1)  # type: ignore[arg-type]
