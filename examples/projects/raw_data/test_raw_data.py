import runpy
from pathlib import Path

from alink_sim.platform import Script

HERE = Path(__file__).parent


def test_valve_speaks_bytes_that_the_script_translates(iot_platform, product, factory_flash):
    script = runpy.run_path(str(HERE / "script.py"))
    functions = script["raw_data_to_protocol"], script["protocol_to_raw_data"]
    iot_platform.console.set_script(product.key, Script(*functions))
    board = factory_flash(
        "valve-1", main=(HERE / "firmware" / "main.py").read_text(encoding="utf-8")
    )
    board.power_on()
    iot_platform.expect("property_posted", device_name="valve-1", values={"level": 40})
    iot_platform.cloud.set_properties(product.key, "valve-1", {"level": 75})
    board.expect("valve at 75")
    iot_platform.expect("answered", device_name="valve-1", answer=200)
