import runpy
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Script

HERE = Path(__file__).parent


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def test_valve_speaks_bytes_that_the_script_translates(
    iot_platform, iot_clock, product, factory_flash
):
    script = runpy.run_path(str(HERE / "script.py"))
    functions = script["raw_data_to_protocol"], script["protocol_to_raw_data"]
    iot_platform.console.set_script(product.key, Script(*functions))
    board = factory_flash(
        "valve-1", main=(HERE / "firmware" / "main.py").read_text(encoding="utf-8")
    )
    board.power_on()
    iot_clock.run_until("property_posted", device_name="valve-1", values={"level": 40})
    iot_platform.cloud.set_properties(product.key, "valve-1", {"level": 75})
    iot_clock.run_until("answered", device_name="valve-1", answer=200)
    board.wifi.off()
    lost = iot_clock.run_until("offline", device_name="valve-1")
    board.wifi.on()
    iot_clock.run_until("property_posted", after=lost, values={"level": 75})
