import json
import runpy
from pathlib import Path

HERE = Path(__file__).parent


def test_server_switches_the_lamp(iot_platform, iot_cloud, product, factory_flash):
    model = json.loads((HERE / "thing.json").read_text(encoding="utf-8"))
    iot_platform.console.set_thing_model(product.key, model)
    server = runpy.run_path(str(HERE / "server.py"), run_name="server")
    board = factory_flash(
        "lamp-1", main=(HERE / "firmware" / "main.py").read_text(encoding="utf-8")
    )
    board.power_on()
    iot_platform.expect("property_posted", device_name="lamp-1", values={"on": 0})
    lamp = (product.instance, product.key, "lamp-1")
    assert not server["is_on"](iot_cloud, *lamp)
    assert server["switch"](iot_cloud, *lamp, on=True)
    iot_platform.expect("property_posted", device_name="lamp-1", values={"on": 1})
    assert server["is_on"](iot_cloud, *lamp)
