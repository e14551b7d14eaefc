"""The vendor's own cloud client, unmodified, with a board's program at the other end."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from alink_sim.board import Board
from tests.platform.api_calls import Ask, asking, client, done, refused
from tests.sim.conftest import INSTANCE, Rig
from tests.sim.session.test_thing import answered

MODEL: dict[str, Any] = {
    "properties": [
        {"identifier": "led", "accessMode": "rw", "dataType": {"type": "int", "specs": {}}},
        {"identifier": "level", "accessMode": "rw", "dataType": {"type": "int", "specs": {}}},
    ],
    "events": [],
    "services": [
        {
            "identifier": name,
            "callType": call,
            "inputData": [
                {"identifier": "Times", "dataType": {"type": "int", "specs": {"max": "9"}}}
            ],
            "outputData": [],
        }
        for name, call in (("Blink", "async"), ("Measure", "sync"))
    ],
}

PROGRAM = """
from alink import Device, report, rrpc
from alink.shadow import Shadow
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)
thing.property("led")(lambda value: value)
thing.property("level")(lambda value: print("level", value))
thing.service("Blink")(lambda inputs: print("blink", inputs["Times"]))
thing.service("Measure")(lambda inputs: {"Value": inputs["Times"] * 2})
rrpc.on_system_request(device, lambda payload: payload * 2 if payload == b"abc" else None, thing)
rrpc.on_request(device, "user/ask", lambda payload: b"heard " + payload)
device.subscribe("user/get", lambda topic, payload: print("got", payload, device.is_duplicate()))

def wanted(values):
    print("wanted", values)
    shadow.report(values, fulfilled=True)

shadow = Shadow(device, wanted, lambda error, version: print("shadow", error, version))

def fulfill(code, data, message):
    print("desired", data)
    report.forget_desired(device, {"level": data["level"]["version"]}, print)

device.connect()
report.desired(device, ["level"], fulfill)
print("ready")
device.loop()
"""


def product(rig: Rig) -> dict[str, str]:
    return {"product_key": rig.product_key, "iot_instance_id": INSTANCE}


@pytest.fixture
def ask(rig: Rig) -> Ask:
    """Return what calls an action about the board; it has a desired value from before."""
    rig.platform.console.set_thing_model(rig.product_key, MODEL)
    rig.platform.console.add_device(rig.product_key, "dev-1")
    through = asking(client(rig.platform))
    who = {**product(rig), "device_name": "dev-1"}

    def of_the_board(action: str, **parameters: Any) -> dict[str, Any]:
        return through(action, **{**who, **parameters})

    done(of_the_board("SetDeviceDesiredProperty", items=json.dumps({"level": 5}), versions="{}"))
    return of_the_board


@pytest.fixture
def board(rig: Rig, ask: Ask) -> Board:
    board = rig.board("dev-1", main=PROGRAM)
    board.power_on()
    board.expect("ready")
    rig.platform.expect("subscribed", device_name="dev-1")
    return board


def test_sets_and_reads_properties(rig: Rig, ask: Ask, board: Board) -> None:
    board.expect("desired {'level': {")
    number = done(ask("SetDeviceProperty", items=json.dumps({"led": 1})))["Data"]["MessageId"]
    assert answered(rig, number) == 200
    rig.platform.expect("property_posted", device_name="dev-1")
    told = done(ask("QueryDevicePropertyStatus"))["Data"]["List"]["PropertyStatusInfo"]
    assert {one["Identifier"]: one.get("Value") for one in told}["led"] == "1"


def test_desired_value_set_offline_reaches_the_board(rig: Rig, ask: Ask, board: Board) -> None:
    board.expect("desired {'level': {")
    board.expect("200 {} success")
    assert (
        "level" not in rig.platform.console.device(rig.product_key, "dev-1").documents["desired"]
    )


def test_calls_synchronous_and_asynchronous_services(rig: Rig, ask: Ask, board: Board) -> None:
    called = done(ask("InvokeThingService", identifier="Blink", args='{"Times":3}'))
    board.expect("blink 3")
    assert answered(rig, called["Data"]["MessageId"]) == 200
    called = done(ask("InvokeThingService", identifier="Measure", args='{"Times":4}'))
    assert json.loads(called["Data"]["Result"]) == {"Value": 8}
    assert refused(ask("InvokeThingService", identifier="Nothing", args="{}"))


def test_publishes_and_calls_on_both_topic_kinds(rig: Rig, ask: Ask, board: Board) -> None:
    topic = f"/{rig.product_key}/dev-1/user"
    content = base64.b64encode(b"hello").decode()
    message = {"topic_full_name": f"{topic}/get", "message_content": content, "qos": 1}
    done(asking(client(rig.platform))("Pub", **product(rig), **message))
    board.expect("got b'hello' False")
    for where, question, answer in (
        ({}, b"abc", b"abcabc"),
        ({"topic": f"{topic}/ask"}, b"?", b"heard ?"),
    ):
        asked = {"request_base_64byte": base64.b64encode(question).decode(), "timeout": 8000}
        body = done(ask("RRpc", **asked, **where))
        assert body["RrpcCode"] == "SUCCESS"
        assert base64.b64decode(body["PayloadBase64Byte"]) == answer


def test_board_applies_the_desired_shadow(rig: Rig, ask: Ask, board: Board) -> None:
    wanted = {"method": "update", "state": {"desired": {"color": "green"}}, "version": 1}
    done(ask("UpdateDeviceShadow", shadow_message=json.dumps(wanted)))
    board.expect("wanted {'color': 'green'}")
    board.expect("shadow None 2")
    shadow = json.loads(done(ask("GetDeviceShadow"))["ShadowMessage"])
    assert (shadow["state"], shadow["version"]) == ({"reported": {"color": "green"}}, 2)
