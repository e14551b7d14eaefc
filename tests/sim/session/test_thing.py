"""A device online, on the real interpreter: handlers, services, RRPC, shadow, custom topics."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from alink_sim.board import Board
from alink_sim.platform import RegistryError, Settings
from tests.module_model import MODEL
from tests.sim.conftest import Rig

ONLINE = re.compile(r"^alink: online at ")


def online(rig: Rig, main: str, files: dict[str, bytes] | None = None) -> Board:
    """Power a board on and return it once it has printed "ready"."""
    board = rig.board("dev-1", main=main, files=files)
    board.power_on()
    board.expect("ready")
    return board


THERMOSTAT = """
from alink import Device
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)

@thing.property("target")
def target(value):
    if not 5 <= value <= 30:
        raise ValueError("target is %s, allowed are 5..30" % value)
    print("target", value)
    return value

@thing.property("broken")
def broken(value):
    return value / 0

@thing.service("SelfTest")
def self_test(inputs):
    print("self test", inputs)
    return {"passed": 1}

device.connect()
print("ready")
device.loop()
"""


def answered(rig: Rig, number: str) -> int:
    """Return the code with which the device answered a message."""
    event = rig.platform.expect("answered", device_name="dev-1", id=number)
    return int(event.detail["answer"])


def test_property_set_is_replied_and_posted(rig: Rig) -> None:
    board = online(rig, THERMOSTAT)
    number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", {"target": 21})
    board.expect("target 21")
    assert answered(rig, number) == 200
    rig.platform.expect("property_posted", device_name="dev-1")
    assert rig.platform.console.device(rig.product_key, "dev-1").properties == {"target": 21}


@pytest.mark.parametrize(
    ("values", "code"), [({"target": 99}, 460), ({"other": 1}, 460), ({"broken": 1}, 400)]
)
def test_failing_property_handler_keeps_the_session(
    rig: Rig, values: dict[str, int], code: int
) -> None:
    board = online(rig, THERMOSTAT)
    number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", values)
    assert answered(rig, number) == code
    number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", {"target": 20})
    assert answered(rig, number) == 200
    board.expect("target 20")
    assert rig.kinds("dev-1").count("online") == 1


def test_unknown_service_is_refused(rig: Rig) -> None:
    board = online(rig, THERMOSTAT)
    number = rig.platform.cloud.call_service(rig.product_key, "dev-1", "SelfTest", {"deep": 1})
    board.expect("self test {'deep': 1}")
    assert answered(rig, number) == 200
    number = rig.platform.cloud.call_service(rig.product_key, "dev-1", "Explode", {})
    assert answered(rig, number) == 460


def test_synchronous_service_replies_on_response_topic(rig: Rig) -> None:
    online(rig, THERMOSTAT)
    request = {"id": "9", "method": "thing.service.SelfTest", "params": {}, "version": "1.0"}
    rig.platform.cloud.send(
        rig.product_key,
        "dev-1",
        f"/sys/{rig.product_key}/dev-1/rrpc/request/1234567890123456789",
        json.dumps(request).encode(),
    )
    event = rig.platform.expect("answered", device_name="dev-1")
    topic = f"/sys/{rig.product_key}/dev-1/rrpc/response/1234567890123456789"
    assert (event.detail["topic"], event.detail["answer"]) == (topic, 200)


MOTOR_BOARD = """
from alink import Device
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device, "thing.json")

@thing.property("motor:speed")
def speed(value):
    print("speed", value)
    return value

@thing.service("motor:stop")
def stop(inputs):
    print("stop", inputs)

try:
    thing.property("motor:target")(speed)
except ValueError as error:
    print(error)
device.connect()
thing.post({"motor:target": 1, "target": 2})
thing.event("motor:jam", {"at": 3})
for wrong in ({"motor:speed": 10}, {"speed": 1}):
    try:
        thing.post(wrong)
    except ValueError as error:
        print(error)
print("ready")
device.loop()
"""


def test_board_has_properties_events_services_of_modules(rig: Rig) -> None:
    rig.platform.console.set_thing_model(rig.product_key, MODEL)
    board = rig.board("dev-1", main=MOTOR_BOARD, files={"thing.json": json.dumps(MODEL).encode()})
    board.power_on()
    board.expect("motor:target is read-only in the thing model")
    board.expect("motor:speed is 10, allowed is int 0..9")
    board.expect("speed is not in the thing model; did you mean motor:speed?")
    event = rig.platform.expect("event_posted", device_name="dev-1")
    assert event.detail == {"event": "motor:jam", "values": {"at": 3}}
    device = rig.platform.console.device(rig.product_key, "dev-1")
    assert device.properties == {"motor:target": 1, "target": 2}
    cloud = rig.platform.cloud
    number = cloud.set_properties(rig.product_key, "dev-1", {"motor:speed": 4})
    board.expect("speed 4")
    assert answered(rig, number) == 200
    rig.platform.expect("property_posted", device_name="dev-1", values={"motor:speed": 4})
    number = cloud.call_service(rig.product_key, "dev-1", "motor:stop", {"after": 2})
    board.expect("stop {'after': 2}")
    assert answered(rig, number) == 200
    with pytest.raises(RegistryError, match="after is 10"):
        cloud.call_service(rig.product_key, "dev-1", "motor:stop", {"after": 10})


CUSTOM = """
from alink import Device, timesync

device = Device.from_flash()
device.subscribe("user/+/set", lambda topic, payload: print("set", topic, payload))
device.subscribe("user/get", lambda topic, payload: 1 / 0)
device.connect()
device.publish("user/update", b"hello", 1, lambda done: print("published", done))
timesync.ask(device, lambda ms: print("time", ms // 1000 > 1700000000))
print("ready")
device.loop()
"""


def test_custom_topics_wildcards_and_the_time(rig: Rig) -> None:
    board = online(rig, CUSTOM)
    board.expect("published True")
    board.expect("time True")
    key = rig.product_key
    rig.platform.cloud.send(key, "dev-1", f"/{key}/dev-1/user/get", b"x")
    board.expect("user/get failed: ZeroDivisionError")
    rig.platform.cloud.send(key, "dev-1", f"/{key}/dev-1/user/led/set", b"\x00\xff", qos=1)
    board.expect(f"set b'/{key}/dev-1/user/led/set' b'\\x00\\xff'")


@pytest.mark.parametrize("auto_deliver", ["always", "ss", "never"])
def test_thing_works_with_each_auto_deliver(
    make_rig: Callable[..., Rig], auto_deliver: str
) -> None:
    rig = make_rig(settings=Settings(auto_deliver=auto_deliver))
    board = online(rig, THERMOSTAT)
    rig.platform.expect("subscribed", device_name="dev-1")
    number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", {"target": 21})
    board.expect("target 21")
    assert answered(rig, number) == 200
    called = rig.platform.cloud.call_service_sync(
        rig.product_key, "dev-1", "SelfTest", {}, timeout_ms=8000
    )
    assert json.loads(called.payload)["data"] == {"passed": 1}
