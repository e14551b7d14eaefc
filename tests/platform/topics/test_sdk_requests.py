"""Requests that the vendor's SDKs send beside the usual ones, and those that nothing knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alink_sim.platform import Platform
from tests.platform.online import Online, online
from tests.platform.wire import Party, publish

__all__ = ["online"]

MODEL = {"properties": [{"identifier": "t", "accessMode": "r", "dataType": {"type": "int"}}]}


def asked(online: Online, tail: str, params: Any) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(
        online.ask(tail, json.dumps({"id": "7", "params": params}).encode())
    )
    return reply


def test_unknown_request_is_an_event_at_once(online: Online):
    topic = f"/sys/{online.party.product.key}/{online.party.name}/thing/future/get"
    online.wire.send(publish(topic, b"{}"))
    assert online.platform.expect("unknown_request").detail == {"topic": topic}
    assert online.platform.events(kind="published") == []


def test_asked_tags_are_returned(online: Online):
    asked(online, "thing/deviceinfo/update", [{"attrKey": "room", "attrValue": "4"}])
    reply = asked(online, "thing/deviceinfo/get", ["room", "floor"])
    assert reply["data"] == [{"attrKey": "room", "attrValue": "4"}]


@pytest.mark.parametrize("params", [["k"] * 11, {"a": 1}, [1], None])
def test_malformed_request_for_tags_is_refused(online: Online, params: Any):
    assert asked(online, "thing/deviceinfo/get", params)["code"] == 460


@pytest.mark.parametrize("tail", ["thing/dsltemplate/get", "thing/dynamicTsl/get"])
def test_thing_model_is_returned(online: Online, tail: str):
    assert asked(online, tail, {})["data"] == {}
    online.platform.console.set_thing_model(online.party.product.key, MODEL)
    assert asked(online, tail, {})["data"] == MODEL


def test_reset_is_answered_and_noted(online: Online):
    assert asked(online, "thing/reset", {})["code"] == 200
    online.platform.expect("reset_reported", timeout=0)


@pytest.fixture
def gateway(platform: Platform) -> Online:
    """A gateway online, with a sub-device in its topology that is not."""
    product = platform.console.create_product(key="a1Gateway00", node_type=1)
    platform.console.create_product(key="a1Subs00000", node_type=2)
    party = Party.of(product, platform.console.add_device(product.key, "gateway-1"))
    platform.console.add_device("a1Subs00000", "meter-1")
    platform.cloud.add_sub_device("a1Subs00000", "meter-1", gateway=(product.key, "gateway-1"))
    return Online(platform, party)


def test_pack_keeps_properties_and_events(online: Online):
    one = {"value": 5, "time": 1}
    params = {"properties": {"t": one}, "events": {"hot": {"value": {"c": 1}, "time": 1}}}
    assert asked(online, "thing/event/property/pack/post", params)["code"] == 200
    assert online.device.properties == {"t": 5}
    assert online.platform.expect("event_posted", timeout=0).detail["event"] == "hot"


def test_pack_of_offline_sub_device_is_refused(gateway: Online):
    identity = {"productKey": "a1Subs00000", "deviceName": "meter-1"}
    params = {"subDevices": [{"identity": identity, "properties": {"t": {"value": 5}}}]}
    assert asked(gateway, "thing/event/property/pack/post", params)["code"] == 460


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {"subDevices": {}},
        {"subDevices": [1]},
        {"subDevices": [{"identity": 1}]},
        {"subDevices": [{}] * 21},
        {"properties": {f"p{number}": {"value": 1} for number in range(201)}},
        {"events": {f"e{number}": {"value": {}} for number in range(21)}},
        {"properties": [1]},
    ],
)
def test_malformed_pack_is_refused(online: Online, params: Any):
    assert asked(online, "thing/event/property/pack/post", params)["code"] == 460


def test_unregistered_sub_device_leaves_the_topology(gateway: Online):
    pair = {"productKey": "a1Subs00000", "deviceName": "meter-1"}
    assert asked(gateway, "thing/sub/unregister", [pair])["code"] == 200
    assert asked(gateway, "thing/topo/get", {})["data"] == []
    assert asked(gateway, "thing/sub/unregister", [pair])["code"] == 6401
    gateway.platform.expect("unregistered", device_name="meter-1", timeout=0)
