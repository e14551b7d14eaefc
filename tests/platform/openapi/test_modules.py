"""Modules of a thing model in the cloud API: FunctionBlockId, and `module:identifier`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.module_model import DEFAULT, MODEL, MOTOR
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire, publish

BASE = f"/sys/{PK}/{DN}/thing"
MODULE = {"function_block_id": "motor"}


@pytest.fixture
def modeled(cloud: Platform, online: Wire) -> Wire:
    """A device that is online, of a product whose thing model has the module motor."""
    cloud.console.set_thing_model(PK, MODEL)
    return online


def named(**more: Any) -> dict[str, Any]:
    return {"product_key": PK, "device_name": DN, **more}


def post(device: Wire, tail: str, params: Any) -> None:
    device.ask(publish(f"{BASE}/{tail}", json.dumps({"id": "1", "params": params}).encode()))


def test_model_is_returned_by_module(modeled: Wire, ask: Ask) -> None:
    for more, expected in (
        ({}, DEFAULT),
        (MODULE, {key: MODEL[key] for key in ("schema", "profile")} | MOTOR),
    ):
        data = done(ask("GetThingModelTsl", product_key=PK, **more))["Data"]
        assert json.loads(data["TslStr"]) == expected
    code = refused(ask("GetThingModelTsl", product_key=PK, function_block_id="pump"))
    assert code == "iot.common.InvalidFormattedParameter"


def test_status_and_desired_are_those_of_a_module(modeled: Wire, ask: Ask) -> None:
    post(modeled, "event/property/post", {"target": 1, "motor:speed": 2})
    done(ask("SetDeviceDesiredProperty", **named(items='{"motor:speed":3}', versions="{}")))
    for more, status, desired in (
        ({}, {"target": "1"}, {"target": ""}),
        (
            MODULE,
            {"motor:speed": "2", "motor:target": ""},
            {"motor:speed": "3", "motor:target": ""},
        ),
    ):
        data = done(ask("QueryDevicePropertyStatus", **named(**more)))["Data"]
        rows = data["List"]["PropertyStatusInfo"]
        assert {one["Identifier"]: one["Value"] for one in rows} == status
        data = done(ask("QueryDeviceDesiredProperty", **named(**more)))["Data"]
        rows = data["List"]["DesiredPropertyInfo"]
        assert {one["Identifier"]: one.get("Value", "") for one in rows} == desired
    assert [one["Name"] for one in rows] == ["speed", "state"]
    for action in ("QueryDevicePropertyStatus", "QueryDeviceDesiredProperty"):
        code = refused(ask(action, **named(function_block_id="pump")))
        assert code == "iot.common.InvalidFormattedParameter"


def test_set_and_service_go_to_a_module(modeled: Wire, ask: Ask) -> None:
    done(ask("SetDeviceProperty", **named(items='{"motor:speed":3}')))
    assert modeled.read_publish()[1]["params"] == {"motor:speed": 3}
    code = refused(ask("SetDeviceProperty", **named(items='{"motor:target":3}')))
    assert code == "iot.device.SetDevicePropertyFailed"
    done(ask("InvokeThingService", **named(identifier="motor:stop", args='{"after":2}')))
    topic, sent, _ = modeled.read_publish()
    assert topic == f"{BASE}/service/motor:stop"
    assert (sent["method"], sent["params"]) == ("thing.service.motor:stop", {"after": 2})
    code = refused(ask("InvokeThingService", **named(identifier="stop", args='{"after":2}')))
    assert code == "iot.device.InvokeThingServiceFailed"


def test_history_is_found_by_module(modeled: Wire, ask: Ask, clock: ManualClock) -> None:
    start = int(clock.time() * 1000)
    post(modeled, "event/property/post", {"motor:speed": 2})
    post(modeled, "event/motor:jam/post", {"value": {"at": 1}})
    span = named(start_time=start, end_time=start + 1000, asc=1, page_size=5)
    data = done(ask("QueryDevicePropertyData", identifier="motor:speed", **span))["Data"]
    assert [one["Value"] for one in data["List"]["PropertyInfo"]] == ["2"]
    data = done(ask("QueryDeviceEventData", identifier="motor:jam", event_type="alert", **span))
    assert data["Data"]["List"]["EventInfo"][0]["Name"] == "jammed"


def test_model_is_imported_whole_or_by_module(
    cloud: Platform, online: Wire, ask: Ask, clock: ManualClock
) -> None:
    def load(tsl: object, **more: str) -> dict[str, Any]:
        clock.advance(0.25)  # Five a second are allowed.
        return ask("ImportThingModelTsl", product_key=PK, tsl_str=json.dumps(tsl), **more)

    def model() -> Any:
        return cloud.console.product(PK).documents["thing"]

    features = {key: MOTOR[key] for key in ("properties", "events", "services")}
    done(load(features, function_block_id="motor", function_block_name="Motor unit"))
    assert model() == {"properties": [], "functionBlocks": [MOTOR]}
    done(load(DEFAULT))
    assert model() == MODEL
    done(load(MODEL))
    assert model() == MODEL
    pump = {**features, "functionBlockId": "pump", "functionBlockName": "pump"}
    done(load(features, function_block_id="pump"))
    assert model()["functionBlocks"] == [MOTOR, pump]
    for wrong in ({"properties": 5}, {"properties": [{"identifier": "a b"}]}, [1]):
        assert refused(load(wrong)) == "iot.common.InvalidFormattedParameter"
    assert model()["functionBlocks"] == [MOTOR, pump]


def test_desired_values_are_cleared(cloud: Platform, modeled: Wire, ask: Ask) -> None:
    items = '{"motor:speed":3,"target":4}'
    done(ask("SetDeviceDesiredProperty", **named(items=items, versions="{}")))
    data = done(ask("ClearDeviceDesiredProperty", **named(identifies=["motor:speed"])))["Data"]
    assert json.loads(data["Versions"]) == {"motor:speed": 0}
    desired = cloud.console.device(PK, DN).documents["desired"]
    assert desired == {"target": {"value": 4, "version": 1}}
    for names in ([], [f"a{number}" for number in range(11)]):
        code = refused(ask("ClearDeviceDesiredProperty", **named(identifies=names)))
        assert code == "iot.common.InvalidFormattedParameter"
