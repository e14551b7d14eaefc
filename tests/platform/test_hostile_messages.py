"""Hostile messages at every door: each has its documented refusal, and costs bounded work."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.mqtt import framing
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError
from alink_sim.platform.topics import topic_names
from tests.platform import http_requests as https
from tests.platform.api_calls import DN, PK, Ask, refused
from tests.platform.online import Online, online
from tests.platform.reader_count import texts_read
from tests.platform.wire import ACCEPTED, Wire, packet, publish, subscribe, text
from tests.waiting import PATIENCE

__all__ = ["online"]

POST = "thing/event/property/post"
DEEP = [65, 500, 974, 5000]


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def answered(online: Online, tail: str, payload: str) -> Any:
    return json.loads(online.ask(tail, payload.encode()))["code"]


def is_well(online: Online) -> bool:
    """Tell whether the device can post, an operator sees it, and the platform had no failure."""
    code = answered(online, POST, '{"id":"1","params":{"well":1}}')
    return (
        code == 200
        and online.device.properties["well"] == 1
        and not online.platform.events(kind="platform_error")
    )


# Depth

PARAMS = {
    POST: '{"id":"1","params":{"a":%s}}',
    "thing/event/alarm/post": '{"id":"1","params":{"value":{"a":%s}}}',
    "thing/event/property/batch/post": '{"id":"1","params":{"properties":{"a":[{"value":%s}]}}}',
    "thing/event/property/history/post": '{"id":"1","params":[{"identity":{},"properties":%s}]}',
    "thing/deviceinfo/update": '{"id":"1","params":[{"attrKey":"a","attrValue":%s}]}',
    "thing/property/desired/delete": '{"id":"1","params":{"a":%s}}',
}


@pytest.mark.parametrize("levels", DEEP)
@pytest.mark.parametrize("tail", PARAMS)
def test_deep_message_is_answered_460(online: Online, tail: str, levels: int):
    assert answered(online, tail, PARAMS[tail].replace("%s", nested(levels))) == 460
    assert is_well(online)


@pytest.mark.parametrize("levels", DEEP)
def test_deep_shadow_is_answered_400(online: Online, levels: int):
    state = '{"method":"update","version":1,"state":{"reported":{"a":%s}}}'.replace(
        "%s", nested(levels)
    )
    body = online.exchange("/shadow/update/{pk}/{dn}", state.encode(), "/shadow/get/{pk}/{dn}")
    assert json.loads(body)["payload"]["content"]["errorcode"] == "400"
    assert is_well(online)


def test_deepest_accepted_value_is_stored_and_returned(
    online: Online, product: Any, tmp_path: Path
):
    value = nested(62)
    assert answered(online, POST, '{"id":"1","params":{"a":%s}}'.replace("%s", value)) == 200
    shadow = '{"method":"update","version":1,"state":{"reported":{"a":%s}}}'.replace(
        "%s", nested(61)
    )
    online.exchange("/shadow/update/{pk}/{dn}", shadow.encode(), "/shadow/get/{pk}/{dn}")
    assert json.dumps(online.device.properties["a"]) == value
    assert online.platform.cloud.shadow(product.key, online.party.name).state["reported"]
    assert is_well(online)


@pytest.mark.parametrize("levels", DEEP)
def test_deep_items_of_the_cloud_api_are_refused(cloud: Platform, ask: Ask, levels: int):
    cloud.console.create_product(key=PK)
    cloud.console.add_device(PK, DN)
    named = {"product_key": PK, "device_name": DN}
    items = '{"a":%s}'.replace("%s", nested(levels))
    body = ask("SetDeviceDesiredProperty", **named, items=items, versions="{}")
    assert refused(body) == "iot.common.InvalidFormattedParameter"
    body = ask(
        "SaveDeviceProp", **named, props='{"a":%s}'.replace("%s", nested(min(levels, 1000)))
    )
    assert refused(body).startswith("iot.device.InvalidFormattedDeviceProp")
    message = '{"method":"update","version":1,"state":{"desired":{"a":%s}}}'.replace(
        "%s", nested(levels)
    )
    body = ask("UpdateDeviceShadow", **named, shadow_message=message)
    assert refused(body) == "iot.messagebroker.ShadowMessageIsNotJson"
    assert not cloud.events(kind="platform_error")


# Numbers and characters


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, "9" * 5000, '"\\ud800"']
)
def test_value_that_is_not_json_is_answered_460(online: Online, value: str):
    assert answered(online, POST, '{"id":"1","params":{"a":%s}}'.replace("%s", value)) == 460
    body = online.ask(POST, ('{"id":%s,"params":{}}'.replace("%s", value)).encode())
    assert json.loads(body, parse_constant=pytest.fail)["code"] == 460
    assert is_well(online)


@pytest.mark.parametrize("stamp", ["9" * 400, "9" * 5000, "-1", "1.5", "\u0663" * 30])
def test_hostile_timestamp_of_the_data_channel_is_refused(
    platform: Platform, product: Any, stamp: str
):
    body = {"productKey": product.key, "deviceName": "d", "clientId": "c", "sign": "0"}
    sent = json.dumps({**body, "timestamp": stamp}).encode()
    assert https.post(platform, "/auth", sent, "application/json")["code"] == 10001
    assert not platform.events(kind="platform_error")


@pytest.mark.parametrize("ext", ["9" * 400, "9" * 4400, "\u0663"])
def test_hostile_ext_in_login_is_refused_or_ignored(party: Any, platform: Platform, ext: str):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(extra=f",ext={ext}")) in (ACCEPTED, b"\x20\x02\x00\x02", b"")
    assert not platform.events(kind="platform_error")


# Files of updates


def oss(platform: Platform, request: bytes) -> bytes:
    return https.exchange(platform, request, port=platform.ota_port, host="localhost")[0]


@pytest.mark.parametrize("expires", ["9" * 5000, "9" * 25, "x", "-1", "", "\u0663"])
def test_hostile_expiry_of_url_returns_403(platform: Platform, expires: str):
    key = platform.access_key.id
    query = urlencode({"Expires": expires, "OSSAccessKeyId": key, "Signature": "x"})
    head = oss(platform, f"GET /a?{query} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert head.startswith(b"HTTP/1.1 403 ")


B = b"--b\r\n"
FIELD = b'Content-Disposition: form-data; name="key"\r\n\r\nx\r\n'
FILE = b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
FORMS = [
    b"",
    b"--b",
    B,
    B + b"\r\n",
    B + FIELD,
    B + FIELD + b"--b--\r\n",
    B + b"Content-Disposition: \xff\r\n\r\nx\r\n--b--\r\n",
    B + b'Content-Disposition: form-data; name="key"\r\n\r\n\xff\r\n--b--\r\n',
    B + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
    B
    + b'Content-Encoding: gzip\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
    B + b'Content-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 100_000 + b"\r\n--b--\r\n",
    (B + FIELD) * 100 + b"--b--\r\n",
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
@pytest.mark.parametrize("kind", ["boundary=b", "boundary=b; charset=nonsense", 'boundary=""', ""])
def test_broken_form_gets_the_error_of_oss(
    platform: Platform, form: bytes, kind: str, caplog: pytest.LogCaptureFixture
):
    head = oss(platform, https.request("/", form, f"multipart/form-data; {kind}"))
    assert head[9:12] in (b"400", b"403")
    assert not [record for record in caplog.records if record.exc_info]
    assert not platform.events(kind="platform_error")


def test_upload_is_refused_before_its_file_is_read(platform: Platform):
    """It says 300 MB and sends the first 64 KB: the response comes all the same."""
    head = (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 300000000\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", platform.ota_port), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(head + B + FIELD + B + FILE + bytes(65536))
        assert connection.recv(65536).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert platform.expect("ota_upload_refused").reason.startswith("InvalidAccessKeyId")


# Work


@pytest.mark.parametrize("decode", [framing.decode_subscribe, framing.decode_unsubscribe])
def test_packet_of_65511_filters_is_refused_after_256(
    decode: Callable[[framing.Packet], object], monkeypatch: pytest.MonkeyPatch
):
    read = texts_read(monkeypatch)
    qos = b"\0" if decode is framing.decode_subscribe else b""
    body = struct.pack(">H", 1) + (text("a") + qos) * 65_511
    with pytest.raises(ProtocolViolationError, match="more than 256 filters"):
        decode(framing.Packet(kind=8, flags=2, body=body))
    assert read() == 257


def test_subscribe_of_many_filters_costs_one_event(online: Online):
    filters = [(f"/{number}/a/b/c", 0) for number in range(256)]
    code = online.wire.ask(subscribe(7, *filters))
    assert code[-256:] == b"\x80" * 256
    events = online.platform.events(kind="subscribe_refused")
    assert len(events) == 9
    assert events[-1].reason == "more than 8 filters in one SUBSCRIBE: /8/a/b/c and 247 more"
    assert is_well(online)


@pytest.mark.parametrize("times", [2, 1000, 5000])
def test_nested_rrpc_topic_is_ignored(online: Online, times: int):
    key, name = online.party.product.key, online.party.name
    topic = "/ext/rrpc/1" * times + f"/{key}/{name}/user/x"
    assert topic_names.names(topic) == ("", "")
    assert not topic_names.is_own(topic, product_key=key, device_name=name)
    online.wire.send(publish(topic, b"x"))
    assert is_well(online)


MANY: dict[str, dict[str, Any]] = {
    POST: {"params": {f"p{number}": 0 for number in range(20_000)}},
    "thing/event/property/batch/post": {
        "params": {"properties": {}, "events": {"e": [{"value": 1}] * 10_000}}
    },
    "thing/event/property/history/post": {"params": [{"identity": {}}] * 10_000},
    "thing/deviceinfo/update": {"params": [{"attrKey": "a", "attrValue": "b"}] * 5000},
    "thing/log/post": {"params": [{"logContent": "x"}] * 5000},
}


@pytest.mark.parametrize("tail", MANY)
def test_message_with_thousands_of_items_is_refused(online: Online, tail: str):
    code = answered(online, tail, json.dumps({"id": "1", **MANY[tail]}))
    assert code in (460, 6106)
    assert len(online.platform.events()) < 20
    assert is_well(online)


def test_packet_before_login_is_limited_to_16_kb(platform: Platform):
    with Wire.tls(platform) as wire:
        wire.send(packet(0x10, bytes(20_000)))
        assert wire.read() == b""
    assert "too long" in platform.expect("protocol_error").reason


# The stored data of a device


def test_properties_of_a_device_are_bounded(online: Online):
    big = "x" * 200_000
    codes = [
        answered(online, POST, json.dumps({"id": "1", "params": {f"p{n}": big}})) for n in range(8)
    ]
    assert codes == [200] * 5 + [6106] * 3
    assert "1024 KB" in online.platform.expect("value_dropped").reason
    assert is_well(online)
    for first in range(0, 4000, 200):
        params = {f"q{first + number}": 0 for number in range(200)}
        answered(online, POST, json.dumps({"id": "1", "params": params}))
    assert len(online.device.properties) <= 2000


def test_tags_modules_and_shadow_of_device_are_bounded(online: Online):
    for number in range(300):
        tag = {"attrKey": f"k{number}", "attrValue": "v"}
        answered(online, "thing/deviceinfo/update", json.dumps({"id": "1", "params": [tag]}))
        params = {"version": "1", "module": f"m{number}"}
        topic = f"/ota/device/inform/{online.party.product.key}/{online.party.name}"
        online.wire.send(publish(topic, json.dumps({"id": "1", "params": params}).encode()))
    assert is_well(online)
    assert len(online.device.documents["tags"]) == 200
    assert len(online.device.documents["modules"]) == 64
    for number in range(8):
        reported = {f"s{number}": "x" * 200_000}
        body = {"method": "update", "version": number + 1, "state": {"reported": reported}}
        online.exchange(
            "/shadow/update/{pk}/{dn}", json.dumps(body).encode(), "/shadow/get/{pk}/{dn}"
        )
    assert len(online.device.documents["shadow"]["state"]["reported"]) == 5
