"""What devices report: every odd body gets the answer that the SDKs in the field need."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from alink_sim.platform.topics import envelope
from tests.platform.online import Online, online

OK = b'{"code":200,"data":%s,"id":"7","message":"success","method":"%s","version":"1.0"}'


__all__ = ["online"]

POST = "thing/event/property/post"


@pytest.mark.client_row(5, "the very id, a text stays one")
@pytest.mark.parametrize(
    "number",
    ['"1"', "1", '"1|exp-topic|/sys/k/dev/thing/event/property/post_reply"', '"00123"', '"ü"'],
)
def test_reply_echoes_the_id(online: Online, number: str):
    reply = online.ask(POST, b'{"id": %s, "params": {}}' % number.encode())
    assert b'"id":%s,' % number.encode() in reply


def test_reply_is_compact_and_starts_with_code(online: Online):
    reply = online.ask(POST, b'{"id":"7","version":"1.0","params":{"a":1}}')
    assert reply == OK % (b"{}", b"thing.event.property.post")


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"value": 1, "time": 1524448722000}, 1),
        ({"value": 1}, 1),
        ({"value": 1, "unit": "C"}, {"value": 1, "unit": "C"}),
        ({"x": 1}, {"x": 1}),
        (None, None),
    ],
)
def test_a_value_may_carry_its_time(online: Online, given: object, value: object):
    online.ask(POST, json.dumps({"params": {"a": given}}).encode())
    assert online.device.properties == {"a": value}


@pytest.mark.parametrize(
    ("sys", "replied"), [({"ack": 1}, True), ({"ack": 0}, False), ({}, True), (None, True)]
)
def test_a_reply_can_be_declined(sys: object, replied: bool):
    request = envelope.parse(json.dumps({"params": {}, "sys": sys}).encode())
    assert (envelope.reply(request, envelope.Result(), method="m") is not None) is replied


def test_refused_request_gets_reply_despite_ack_0():
    request = envelope.parse(b'{"sys":{"ack":0}}')
    assert envelope.reply(request, envelope.Result(code=460), method="m")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not JSON",
        b"\xff",
        b"[]",
        b"null",
        b'{"id":"1"}',
        b'{"id":"1","params":[1]}',
        b'{"id":"1","params":null}',
        b"[" * 100_000,
    ],
)
def test_a_body_without_params_is_answered_460(online: Online, payload: bytes):
    assert json.loads(online.ask(POST, payload))["code"] == 460
    assert not online.device.properties
    assert online.platform.expect("request_refused", timeout=0).reason.startswith("answered 460")


def test_half_a_surrogate_pair_is_answered_460(online: Online):
    reply = online.ask(POST, b'{"id":"\\ud800","params":{}}')
    assert json.loads(reply)["code"] == 460


def test_more_than_200_properties_are_answered_6106(online: Online):
    params = {f"p{number}": 0 for number in range(201)}
    assert json.loads(online.ask(POST, json.dumps({"params": params}).encode()))["code"] == 6106
    assert not online.device.properties


def test_invalid_identifier_is_dropped_and_replied_200(online: Online):
    reply = online.ask(POST, b'{"id":"7","params":{"a b":1,"module:c":2}}')
    assert json.loads(reply)["code"] == 200
    assert online.device.properties == {"module:c": 2}


@pytest.mark.client_row(5, "events with and without value")
@pytest.mark.parametrize("params", ['{"value":{"level":2},"time":1524448722000}', '{"level":2}'])
def test_an_event_is_noted_with_or_without_value(online: Online, params: str):
    reply = online.ask("thing/event/alarm/post", b'{"id":"7","params":%s}' % params.encode())
    assert reply == OK % (b"{}", b"thing.event.alarm.post")
    event = online.platform.expect("event_posted", timeout=0)
    assert event.detail == {"event": "alarm", "values": {"level": 2}}


def test_of_a_batch_the_newest_sample_counts(online: Online):
    reply = online.ask(
        "thing/event/property/batch/post",
        b'{"id":"7","params":{"properties":{"t":[{"value":1,"time":1},{"value":2,"time":2}]},'
        b'"events":{"alarm":[{"value":{"level":1},"time":1}]}}}',
    )
    assert reply == OK % (b"{}", b"thing.event.property.batch.post")
    assert online.device.properties == {"t": 2}
    assert online.platform.expect("event_posted", timeout=0).detail["event"] == "alarm"


def test_history_does_not_change_the_current_value(online: Online):
    online.ask(POST, b'{"params":{"t":5}}')
    reply = online.ask(
        "thing/event/property/history/post",
        b'{"id":"7","params":[{"identity":{"productKey":"k","deviceName":"d"},'
        b'"properties":[{"t":{"value":1,"time":1}}]}]}',
    )
    assert json.loads(reply)["code"] == 200
    assert online.device.properties == {"t": 5}


def test_desired_values_are_got_and_deleted_by_version(online: Online):
    online.platform.cloud.set_desired(
        online.party.product.key, online.party.name, {"a": 1, "b": 2}
    )
    online.platform.cloud.set_desired(online.party.product.key, online.party.name, {"a": 3})
    sets = [online.wire.read_publish() for _ in range(2)]
    assert [body["params"] for _, body, _ in sets] == [{"a": 1, "b": 2}, {"a": 3}]
    get = "thing/property/desired/get"
    assert online.ask(get, b'{"id":"7","params":["a","b","c"]}') == OK % (
        b'{"a":{"value":3,"version":2},"b":{"value":2,"version":1}}',
        b"thing.property.desired.get",
    )
    online.ask("thing/property/desired/delete", b'{"params":{"a":{"version":1},"b":{}}}')
    assert json.loads(online.ask(get, b'{"params":["a","b"]}'))["data"] == {
        "a": {"value": 3, "version": 2}
    }


def test_request_for_201_desired_values_is_refused(online: Online):
    params = [f"p{number}" for number in range(201)]
    reply = online.ask(
        "thing/property/desired/get", json.dumps({"id": "7", "params": params}).encode()
    )
    assert json.loads(reply)["code"] == 6104


def test_tags_are_kept_and_deleted(online: Online):
    tags = b'{"id":"7","params":[{"attrKey":"room","attrValue":"4"},{"attrKey":"x"}]}'
    assert online.ask("thing/deviceinfo/update", tags) == OK % (b"{}", b"thing.deviceinfo.update")
    online.ask("thing/deviceinfo/delete", b'{"params":[{"attrKey":"x"}]}')
    assert online.device.documents["tags"] == {"room": "4"}


@pytest.mark.parametrize("key", ["", "a" * 31, "a b", "a:b", "\u623f"])
def test_refused_tag_key_is_named(online: Online, key: str):
    params = [{"attrKey": "good"}, {"attrKey": key}]
    reply = online.ask("thing/deviceinfo/update", json.dumps({"params": params}).encode())
    assert json.loads(reply)["code"] == 460
    reason = online.platform.expect("request_refused", timeout=0).reason
    assert f"the tag key {key!r} is not 1 to 30 letters" in reason
    assert "tags" not in online.device.documents


@pytest.mark.parametrize("key", ["1a", "a" * 30, "_-#@%&*."])
def test_documented_tag_key_is_kept(online: Online, key: str):
    params = [{"attrKey": key, "attrValue": "v" * 128}]
    reply = online.ask("thing/deviceinfo/update", json.dumps({"params": params}).encode())
    assert json.loads(reply)["code"] == 200
    assert online.device.documents["tags"] == {key: "v" * 128}


def test_tag_value_of_129_characters_is_refused(online: Online):
    params = [{"attrKey": "room", "attrValue": "v" * 129}]
    reply = online.ask("thing/deviceinfo/update", json.dumps({"params": params}).encode())
    assert json.loads(reply)["code"] == 460
    reason = online.platform.expect("request_refused", timeout=0).reason
    assert reason.endswith("the value of the tag room has 129 characters; the limit is 128")


_DAY = 24 * 3600


@pytest.mark.parametrize(("ahead", "code"), [(_DAY - 1, 200), (_DAY + 1, 6326)])
@pytest.mark.parametrize(
    ("tail", "sample"),
    [
        ("property/post", lambda one: {"temperature": one}),
        ("overheat/post", lambda one: one),
        ("property/batch/post", lambda one: {"properties": {"temperature": [one]}}),
        ("property/batch/post", lambda one: {"properties": {}, "events": {"overheat": [one]}}),
        ("property/history/post", lambda one: [{"identity": {}, "properties": [{"t": one}]}]),
    ],
)
def test_time_more_than_a_day_ahead_is_refused(
    online: Online,
    clock: ManualClock,
    tail: str,
    sample: Callable[[Any], Any],
    ahead: int,
    code: int,
):
    one = {"value": 1, "time": int((clock.time() + ahead) * 1000)}
    body = json.dumps({"id": "7", "params": sample(one)}).encode()
    assert json.loads(online.ask(f"thing/event/{tail}", body))["code"] == code
    assert ("temperature" in online.device.properties) == (code == 200 and "temp" in str(body))


@pytest.mark.parametrize(
    ("tail", "params"),
    [
        ("thing/property/desired/get", ["a", {"b": 1}]),
        ("thing/deviceinfo/update", [{"attrKey": "a"}, {"attrKey": None}]),
        ("thing/deviceinfo/delete", [{"attrKey": ["room"]}]),
    ],
)
def test_name_that_is_not_text_returns_460(online: Online, tail: str, params: object):
    online.platform.cloud.set_desired(online.party.product.key, online.party.name, {"a": 1})
    online.wire.read_publish()
    online.ask("thing/deviceinfo/update", b'{"params":[{"attrKey":"room"}]}')
    reply = online.ask(tail, json.dumps({"params": params}).encode())
    assert json.loads(reply)["code"] == 460
    assert online.device.documents["tags"] == {"room": ""}


def test_log_lines_are_noted(online: Online):
    online.ask("thing/log/post", b'{"params":[{"logLevel":"WARN","logContent":"low battery"}]}')
    detail = online.platform.expect("device_log", timeout=0).detail
    assert (detail["level"], detail["content"]) == ("WARN", "low battery")


@pytest.mark.client_row(5, "NTP as texts")
def test_the_time_by_mqtt_is_strings_of_milliseconds(online: Online, clock: ManualClock):
    body = online.exchange(
        "/ext/ntp/{pk}/{dn}/request", b'{"deviceSendTime":"100"}', "/ext/ntp/{pk}/{dn}/response"
    )
    now = round(clock.time() * 1000)
    assert body == (
        b'{"deviceSendTime":"100","serverRecvTime":"%d","serverSendTime":"%d"}' % (now, now)
    )


def test_documents_outlive_a_restart(tmp_path, make_platform: Callable[..., Platform]):
    first = make_platform(state=tmp_path, settings=Settings())
    product = first.console.create_product(key="a1B2c3D4e5F")
    first.console.add_device(product.key, "dev-1")
    first.cloud.set_desired(product.key, "dev-1", {"a": 1})
    first.stop()
    kept = make_platform(state=tmp_path).console.device(product.key, "dev-1").documents
    assert kept["desired"] == {"a": {"value": 1, "version": 1}}


MODEL = json.loads(
    (
        Path(__file__).resolve().parents[3] / "examples/projects/thermostat/firmware/thing.json"
    ).read_text("utf-8")
)


def test_property_outside_thing_model_is_dropped(online: Online):
    online.platform.console.set_thing_model(online.party.product.key, MODEL)
    body = {"id": "7", "params": {"target": 31, "temperature": 20.5, "other": 1}}
    assert json.loads(online.ask(POST, json.dumps(body).encode()))["code"] == 200
    assert online.device.properties == {"temperature": 20.5}
    reasons = [event.reason for event in online.platform.events(kind="value_dropped")]
    assert reasons == [
        "6307 target is 31: use float 5..30",
        "6320 other is not in the thing model",
    ]


@pytest.mark.parametrize(
    ("event", "values", "code"),
    [("alarm", {"level": 2}, 200), ("alarm", {"level": 3}, 6309), ("other", {}, 6320)],
)
def test_event_outside_thing_model_has_its_code(
    online: Online, event: str, values: dict[str, int], code: int
):
    online.platform.console.set_thing_model(online.party.product.key, MODEL)
    body = {"id": "7", "params": {"value": values, "time": 1524448722000}}
    reply = online.ask(f"thing/event/{event}/post", json.dumps(body).encode())
    assert json.loads(reply)["code"] == code


def test_thing_model_checks_each_event_of_batch(online: Online):
    online.platform.console.set_thing_model(online.party.product.key, MODEL)
    events = [{"value": {"level": level}, "time": level} for level in (1, 9, 2)]
    body = {"id": "7", "params": {"properties": {}, "events": {"alarm": events}}}
    reply = online.ask("thing/event/property/batch/post", json.dumps(body).encode())
    assert json.loads(reply)["code"] == 6309
    posted = online.platform.events(kind="event_posted")
    assert [event.detail["values"] for event in posted] == [{"level": 1}, {"level": 2}]
