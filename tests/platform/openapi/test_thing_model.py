"""Properties, desired values and services through the cloud API."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire, publish

POST = f"/sys/{PK}/{DN}/thing/event/property/post"
MODEL = {
    "schema": "https://iotx-tsl.oss-ap-southeast-1.aliyuncs.com/schema.json",
    "profile": {"productKey": PK},
    "properties": [
        {
            "identifier": "Temperature",
            "name": "temperature",
            "accessMode": "rw",
            "dataType": {"type": "float", "specs": {"min": "-40", "max": "80", "unit": "°C"}},
        },
        {
            "identifier": "Serial",
            "name": "serial number",
            "accessMode": "r",
            "dataType": {"type": "text", "specs": {"length": "16"}},
        },
    ],
    "services": [
        {
            "identifier": "Blink",
            "name": "blink",
            "callType": "async",
            "inputData": [
                {
                    "identifier": "Times",
                    "name": "times",
                    "dataType": {"type": "int", "specs": {"min": "1", "max": "9"}},
                }
            ],
            "outputData": [],
        },
        {
            "identifier": "Measure",
            "name": "measure",
            "callType": "sync",
            "inputData": [],
            "outputData": [],
        },
    ],
    "events": [],
}


@pytest.fixture
def modeled(cloud: Platform, online: Wire) -> Wire:
    """A device that is online, of a product with a thing model."""
    cloud.console.set_thing_model(PK, MODEL)
    return online


def named(**more: Any) -> dict[str, Any]:
    return {"product_key": PK, "device_name": DN, **more}


# Properties set


def test_property_set_reaches_device_with_returned_message_id(online: Wire, ask: Ask) -> None:
    body = ask("SetDeviceProperty", **named(items='{"Temperature":21.5,"名":"世"}'))
    number = done(body)["Data"]["MessageId"]
    assert online.read_publish() == (
        f"/sys/{PK}/{DN}/thing/service/property/set",
        {
            "method": "thing.service.property.set",
            "id": number,
            "params": {"Temperature": 21.5, "名": "世"},
            "version": "1.0.0",
        },
        0,
    )


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("[1]", "iot.common.InvalidFormattedParameter"),
        ("{", "iot.common.InvalidFormattedParameter"),
        ('{"Temperature":NaN}', "iot.common.InvalidFormattedParameter"),
        ('{"Temperature":81.0}', "iot.device.SetDevicePropertyFailed"),
        ('{"Nothing":1}', "iot.device.SetDevicePropertyFailed"),
        ('{"Serial":"a"}', "iot.device.SetDevicePropertyFailed"),
    ],
)
@pytest.mark.parametrize("action", ["SetDeviceProperty", "SetDeviceDesiredProperty"])
def test_value_outside_the_thing_model_is_refused(
    modeled: Wire, ask: Ask, action: str, items: str, code: str
) -> None:
    more = {"versions": "{}"} if action == "SetDeviceDesiredProperty" else {}
    assert refused(ask(action, **named(items=items, **more))) == code


def test_inactive_device_refuses_properties_and_services(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    cloud.console.add_device(PK, DN)
    for action, more in (
        ("SetDeviceProperty", {"items": "{}"}),
        ("InvokeThingService", {"identifier": "Blink", "args": "{}"}),
    ):
        assert refused(ask(action, **named(**more))) == "iot.device.InactiveDevice"


# Properties reported


def test_reported_values_have_name_type_unit_and_time(
    cloud: Platform, modeled: Wire, ask: Ask, clock: ManualClock
) -> None:
    clock.advance(1.5)
    modeled.ask(publish(POST, b'{"id":"1","params":{"Temperature":21.5}}'))
    data = done(ask("QueryDevicePropertyStatus", iot_id=cloud.console.device(PK, DN).iot_id))[
        "Data"
    ]
    assert data["List"]["PropertyStatusInfo"] == [
        {
            "Identifier": "Temperature",
            "Name": "temperature",
            "DataType": "float",
            "Unit": "°C",
            "Time": "1795456801500",
            "Value": "21.5",
        },
        {
            "Identifier": "Serial",
            "Name": "serial number",
            "DataType": "text",
            "Unit": "",
            "Time": "",
            "Value": "",
        },
    ]


def test_values_are_returned_without_a_thing_model(online: Wire, ask: Ask) -> None:
    online.ask(publish(POST, b'{"id":"1","params":{"a":{"b":[1]},"c":"text"}}'))
    data = done(ask("QueryDevicePropertyStatus", **named()))["Data"]
    assert data["List"]["PropertyStatusInfo"] == [
        {"Identifier": "a", "Time": "1795456800000", "Value": '{"b":[1]}'},
        {"Identifier": "c", "Time": "1795456800000", "Value": "text"},
    ]


def post_five(online: Wire, clock: ManualClock) -> None:
    """Report "a" at 18:00:00 and the four seconds after, and "b" at the first and the last."""
    for number in range(5):
        values = {"a": number, "b": number} if number in (0, 4) else {"a": number}
        online.ask(publish(POST, json.dumps({"id": "1", "params": values}).encode()))
        clock.advance(1)


START = 1795456800000


def span(**changes: int) -> dict[str, int]:
    return {"asc": 1, "start_time": START, "end_time": START + 9000, "page_size": 3, **changes}


def test_property_history_is_returned_by_page(online: Wire, ask: Ask, clock: ManualClock) -> None:
    post_five(online, clock)

    def page(**changes: int) -> tuple[list[tuple[int, str]], Any]:
        body = ask("QueryDevicePropertyData", **named(identifier="a", **span(**changes)))
        data = done(body)["Data"]
        assert data["NextValid"] is ("NextTime" in data)
        infos = data["List"]["PropertyInfo"]
        return [(int(one["Time"]) - START, one["Value"]) for one in infos], data.get("NextTime")

    first, rest = page()
    assert first == [(0, "0"), (1000, "1"), (2000, "2")]
    assert page(start_time=rest) == ([(3000, "3"), (4000, "4")], None)
    # From the newest on, the span is named the other way round.
    backward = {"asc": 0, "start_time": START + 9000, "end_time": START}
    assert page(**backward)[0] == [(4000, "4"), (3000, "3"), (2000, "2")]
    body = ask("QueryDevicePropertyData", **named(identifier="a", **span(page_size=101)))
    assert refused(body) == "iot.common.InvalidPageParams"


def test_history_of_several_properties_is_returned_by_page(
    online: Wire, ask: Ask, clock: ManualClock
) -> None:
    post_five(online, clock)
    body = ask("QueryDevicePropertiesData", **named(identifier=["a", "b"], **span()))
    answer = done(body)
    a, b = answer["PropertyDataInfos"]["PropertyDataInfo"]
    assert (a["Identifier"], b["Identifier"]) == ("a", "b")
    assert [one["Value"] for one in a["List"]["PropertyInfo"]] == ["0", "1", "2"]
    assert b["List"]["PropertyInfo"] == [
        {"Time": START, "Value": "0"},
        {"Time": START + 4000, "Value": "4"},
    ]
    assert (answer["NextValid"], answer["NextTime"]) == (True, START + 3000)
    # Both have more: it goes on where the first of them does, in whatever order they are named.
    body = ask("QueryDevicePropertiesData", **named(identifier=["b", "a"], **span(page_size=1)))
    assert done(body)["NextTime"] == START + 1000


# Desired values


def test_desired_values_are_stored_versioned_and_sent(modeled: Wire, ask: Ask) -> None:
    body = ask("SetDeviceDesiredProperty", **named(items='{"Temperature":20.0}', versions="{}"))
    data = done(body)["Data"]
    assert json.loads(data["Versions"]) == {"Temperature": 1}
    topic, sent, _ = modeled.read_publish()
    assert topic.endswith("/thing/service/property/set")
    assert (sent["id"], sent["params"]) == (data["MessageId"], {"Temperature": 20.0})
    data = done(ask("QueryDeviceDesiredProperty", **named()))["Data"]
    assert data["List"]["DesiredPropertyInfo"] == [
        {
            "Identifier": "Temperature",
            "Name": "temperature",
            "DataType": "float",
            "Unit": "°C",
            "Value": "20.0",
            "Version": 1,
        },
        {
            "Identifier": "Serial",
            "Name": "serial number",
            "DataType": "text",
            "Unit": "",
            "Version": 0,
        },
    ]
    data = done(ask("QueryDeviceDesiredProperty", **named(identifier=["Serial"])))["Data"]
    assert [one["Identifier"] for one in data["List"]["DesiredPropertyInfo"]] == ["Serial"]


def test_desired_value_of_another_version_is_unchanged(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    def set_to(value: int, version: int) -> dict[str, Any]:
        items, versions = json.dumps({"a": value}), json.dumps({"a": version})
        return ask("SetDeviceDesiredProperty", **named(items=items, versions=versions))

    done(set_to(1, 0))
    assert refused(set_to(2, 0)) == "iot.device.InvalidDesiredVersion"
    assert cloud.console.device(PK, DN).documents["desired"] == {"a": {"value": 1, "version": 1}}
    done(set_to(2, 1))
    assert cloud.console.device(PK, DN).documents["desired"] == {"a": {"value": 2, "version": 2}}


# Services


def test_an_asynchronous_service_is_asked_for(modeled: Wire, ask: Ask) -> None:
    body = ask("InvokeThingService", **named(identifier="Blink", args='{"Times":3}'))
    data = done(body)["Data"]
    assert set(data) == {"MessageId"}
    topic, sent, _ = modeled.read_publish()
    assert topic == f"/sys/{PK}/{DN}/thing/service/Blink"
    assert (sent["id"], sent["params"]) == (data["MessageId"], {"Times": 3})


@pytest.mark.parametrize(
    ("identifier", "args"),
    [("Blink", '{"Times":10}'), ("Blink", "{}"), ("Nothing", "{}")],
)
def test_service_outside_the_thing_model_is_refused(
    modeled: Wire, ask: Ask, identifier: str, args: str
) -> None:
    body = ask("InvokeThingService", **named(identifier=identifier, args=args))
    assert refused(body) == "iot.device.InvokeThingServiceFailed"


def measuring(ask: Ask) -> tuple[threading.Thread, list[dict[str, Any]]]:
    """Call the synchronous service in a thread, which waits for the device that the test is."""
    bodies: list[dict[str, Any]] = []
    call = named(identifier="Measure", args="{}")
    thread = threading.Thread(target=lambda: bodies.append(ask("InvokeThingService", **call)))
    thread.start()
    return thread, bodies


def test_a_synchronous_service_returns_what_the_device_answered(modeled: Wire, ask: Ask) -> None:
    thread, bodies = measuring(ask)
    topic, sent, _ = modeled.read_publish()
    assert topic.startswith("/ext/rrpc/")
    assert topic.endswith(f"/sys/{PK}/{DN}/thing/service/Measure")
    modeled.send(
        publish(topic, json.dumps({"id": sent["id"], "code": 200, "data": {"c": 21.5}}).encode())
    )
    thread.join()
    data = done(bodies[0])["Data"]
    assert data["MessageId"].isdecimal()
    assert data["Result"] == '{"c":21.5}'


@pytest.mark.parametrize("reply", [b'{"id":"1","code":460,"data":{}}', b"[]", b"no JSON"])
def test_a_synchronous_service_fails_with_the_device(
    modeled: Wire, ask: Ask, reply: bytes
) -> None:
    thread, bodies = measuring(ask)
    modeled.send(publish(modeled.read_publish()[0], reply))
    thread.join()
    assert refused(bodies[0]) == "iot.device.InvokeThingServiceFailed"


def test_a_synchronous_service_waits_eight_seconds(
    modeled: Wire, ask: Ask, clock: ManualClock
) -> None:
    thread, bodies = measuring(ask)
    topic, _, _ = modeled.read_publish()
    clock.advance(7.9)
    modeled.send(publish(topic, b'{"id":"1","code":200,"data":{}}'))
    thread.join()
    done(bodies[0])
    thread, bodies = measuring(ask)
    modeled.read_publish()
    clock.advance(8)
    thread.join()
    assert refused(bodies[0]) == "iot.messagebroker.TIMEOUT"


def test_thing_model_is_returned_as_text(cloud: Platform, online: Wire, ask: Ask) -> None:
    for action in ("GetThingModelTsl", "GetThingModelTslPublished"):
        assert done(ask(action, product_key=PK))["Data"]["TslStr"] == ""
    cloud.console.set_thing_model(PK, MODEL)
    for action in ("GetThingModelTsl", "GetThingModelTslPublished"):
        for block in ({}, {"function_block_id": "default"}):
            data = done(ask(action, product_key=PK, **block))["Data"]
            assert json.loads(data["TslStr"]) == MODEL
        code = refused(ask(action, product_key=PK, function_block_id="motor"))
        assert code == "iot.common.InvalidFormattedParameter"


def test_event_history_is_returned_by_page(
    cloud: Platform, online: Wire, ask: Ask, clock: ManualClock
) -> None:
    alarm = {
        "identifier": "Alarm",
        "name": "overheated",
        "type": "alert",
        "outputData": [],
        "method": "thing.event.Alarm.post",
    }
    cloud.console.set_thing_model(PK, MODEL | {"events": [alarm]})
    start = int(clock.time() * 1000)
    for number in "123":
        body = json.dumps({"id": number, "params": {"value": {}}}).encode()
        online.send(publish(f"/sys/{PK}/{DN}/thing/event/Alarm/post", body))
        online.read()
        clock.advance(1)
    span = {"start_time": start, "end_time": start + 3000, "product_key": PK, "device_name": DN}
    data = done(ask("QueryDeviceEventData", asc=1, page_size=2, **span))["Data"]
    infos = data["List"]["EventInfo"]
    assert [int(one["Time"]) - start for one in infos] == [0, 1000]
    assert (infos[0]["Identifier"], infos[0]["EventType"]) == ("Alarm", "alert")
    assert (infos[0]["Name"], infos[0]["OutputData"]) == ("overheated", "{}")
    assert (data["NextValid"], data["NextTime"]) == (True, start + 2000)
    backward = done(ask("QueryDeviceEventData", asc=0, page_size=9, identifier="Alarm", **span))
    assert int(backward["Data"]["List"]["EventInfo"][0]["Time"]) == start + 2000
    other = done(ask("QueryDeviceEventData", asc=1, page_size=9, event_type="error", **span))
    assert other["Data"]["List"]["EventInfo"] == []
