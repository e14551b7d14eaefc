"""Reports of a board about itself, with and without the platform's own deliveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.platform import Script, Settings
from tests.sim.conftest import Rig
from tests.sim.session.test_thing import answered, online

REPORTS = """
from alink import Device, report
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)
device.connect()

def said(what):
    return lambda code, data, message: print(what, code, data)

thing.event("alarm", {"level": 2}, on_reply=said("event"))
thing.post({"t": 3, "u": 1}, 1, on_reply=said("plain"))
thing.post({"t": {"value": 1, "time": 1524448722000}}, on_reply=said("post"))
report.batch(device, {"t": [{"value": 2, "time": 1524448722000}]}, on_reply=said("batch"))
report.history(device, [{"t": {"value": 0, "time": 1}}], on_reply=said("history"))
report.tags(device, {"room": "4", "floor": "2"}, on_reply=said("tags"))
report.forget_tags(device, ["floor"], on_reply=said("forgotten"))
report.tags(device, {"1 wrong": "4"}, on_reply=said("wrong"))
report.desired(device, ["t", "none"], said("desired"))
report.forget_desired(device, {"t": 7}, said("too old"))
report.forget_desired(device, {"t": 1}, said("deleted"))
report.desired(device, ["t"], said("left"))
device.request("event/property/batch/post", [1], on_reply=said("malformed"))
thing.post({"t": 4}, on_reply=False)
print("ready")
device.loop()
"""


@pytest.mark.parametrize("auto_deliver", ["always", "never"])
def test_each_report_gets_its_own_reply(make_rig: Callable[..., Rig], auto_deliver: str) -> None:
    rig = make_rig(settings=Settings(auto_deliver=auto_deliver))
    rig.platform.console.add_device(rig.product_key, "dev-1")
    rig.platform.cloud.set_desired(rig.product_key, "dev-1", {"t": 5})
    board = online(rig, REPORTS)
    for what in ("event", "plain", "post", "batch", "history", "tags", "forgotten"):
        board.expect(f"{what} 200 {{}}")
    board.expect("wrong 460")
    board.expect("desired 200 {'t': {")
    for what in ("too old", "deleted", "left"):
        board.expect(f"{what} 200 {{}}")
    board.expect("malformed 460")
    device = rig.platform.console.device(rig.product_key, "dev-1")
    assert device.properties == {"t": 4, "u": 1}
    assert device.documents["tags"] == {"room": "4"}
    assert device.documents["desired"] == {}


RAW = """
from alink import Device, report

device = Device.from_flash()

def take(data):
    print("down", data)
    return data[:1] + b"\\x00"

report.on_raw(device, take)
device.connect()
report.raw(device, b"\\x07\\x2a", on_reply=lambda data: print("reply", data))
print("ready")
device.loop()
"""


def to_alink(data: bytes) -> dict[str, Any]:
    number = str(data[0])
    if data[1]:
        return {"method": "thing.event.property.post", "id": number, "params": {"t": data[1]}}
    return {"id": number, "code": 200, "data": {}}


def to_raw(body: dict[str, Any]) -> bytes:
    return bytes((int(body["id"]) & 0xFF, len(body)))


@pytest.mark.parametrize("auto_deliver", ["always", "never"])
def test_raw_bytes_pass_through_product_script(
    make_rig: Callable[..., Rig], auto_deliver: str
) -> None:
    rig = make_rig(settings=Settings(auto_deliver=auto_deliver))
    key = rig.product_key
    rig.platform.console.set_script(key, Script(to_alink, to_raw))
    board = online(rig, RAW)
    board.expect("reply b'\\x07\\x06'")
    assert rig.platform.console.device(key, "dev-1").properties == {"t": 42}
    number = rig.platform.cloud.set_properties(key, "dev-1", {"t": 1})
    board.expect("down b'")
    assert answered(rig, number) == 200
    called = rig.platform.cloud.call_service_sync(key, "dev-1", "Test", {}, timeout_ms=8000)
    assert (called.code, b'"code":200' in called.payload) == ("SUCCESS", True)
