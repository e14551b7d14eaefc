"""Synchronous services, custom RRPC and broadcasts, answered by a board."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from alink_sim.platform import RrpcCode, Settings
from tests.sim.conftest import Rig
from tests.sim.session.test_thing import THERMOSTAT, online

ASKED = """
from alink import Device, rrpc
from alink.thing import Thing

device = Device.from_flash()

def echo(payload):
    return b"heard " + payload

rrpc.on_request(device, "user/ask", echo)
rrpc.on_request(device, "user/silent", lambda payload: None)
thing = Thing(device)
thing.service("Test")(lambda inputs: {"ok": 1})
rrpc.on_system_request(device, lambda payload: payload * 2 if payload == b"?" else None, thing)
rrpc.on_broadcast(device, lambda topic, payload: print("all", payload))
rrpc.on_broadcast(device, lambda topic, payload: print("news", payload), "news")
device.connect()
print("ready")
device.loop()
"""


def test_synchronous_service_gets_its_reply(rig: Rig) -> None:
    online(rig, THERMOSTAT)
    got = rig.platform.cloud.call_service_sync(
        rig.product_key, "dev-1", "SelfTest", {"deep": 1}, timeout_ms=8000
    )
    assert got.code == RrpcCode.SUCCESS
    assert json.loads(got.payload)["data"] == {"passed": 1}


@pytest.mark.parametrize("auto_deliver", ["always", "never"])
def test_rrpc_of_both_forms_and_broadcasts(
    make_rig: Callable[..., Rig], auto_deliver: str
) -> None:
    rig = make_rig(settings=Settings(auto_deliver=auto_deliver))
    board = online(rig, ASKED)
    rig.platform.expect("subscribed", device_name="dev-1")
    key = rig.product_key
    topic = f"/{key}/dev-1/user/ask"
    got = rig.platform.cloud.rrpc(key, "dev-1", b"\x00?", topic=topic, timeout_ms=8000)
    assert (got.code, got.payload) == (RrpcCode.SUCCESS, b"heard \x00?")
    got = rig.platform.cloud.rrpc(key, "dev-1", b"?", timeout_ms=8000)
    assert (got.code, got.payload) == (RrpcCode.SUCCESS, b"??")
    call = b'{"id":"9","method":"thing.service.Test","params":{}}'
    got = rig.platform.cloud.rrpc(key, "dev-1", call, timeout_ms=8000)
    assert json.loads(got.payload)["data"] == {"ok": 1}
    assert rig.platform.cloud.broadcast(key, b"1") == 1
    board.expect("all b'1'")
    assert rig.platform.cloud.broadcast(key, b"2", topic=f"/broadcast/{key}/news") == 1
    board.expect("news b'2'")
