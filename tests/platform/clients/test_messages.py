"""Messages as the clients in the field write them, byte for byte, and what has to come back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from alink_sim.platform import Platform
from tests.platform.gateway import GATEWAY_PK, SUB_DS, SUB_PK, TIME, Gateway, names, sub
from tests.platform.online import Online, online
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign, subscribe

__all__ = ["online"]

PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
PING, PONG = b"\xc0\x00", b"\xd0\x00"


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Gateway]:
    """A gateway with two sub-devices in its topology."""
    with Gateway(platform) as made:
        for name in ("sub-0001", "sub-0002"):
            sub(platform, name)
            platform.cloud.add_sub_device(SUB_PK, name, gateway=(GATEWAY_PK, "gateway-1"))
            assert made.told()[0] == "thing/topo/change"
        yield made


# Replies

REQUESTS = {
    "thing/event/property/post": b'{"a":1}',
    "thing/event/alarm/post": b'{"level":2}',
    "thing/event/property/batch/post": b'{"properties":{"a":[{"value":1,"time":1}]}}',
    "thing/event/property/history/post": b"[]",
    "thing/property/desired/get": b'["a"]',
    "thing/property/desired/delete": b'{"a":{}}',
    "thing/deviceinfo/update": b'[{"attrKey":"room","attrValue":"4"}]',
    "thing/deviceinfo/delete": b'[{"attrKey":"room"}]',
    "thing/config/get": b'{"configScope":"product","getType":"file"}',
    "thing/config/log/get": b'{"getType":"content","configScope":"device"}',
    "thing/log/post": b"[]",
    "thing/topo/get": b"{}",
    "thing/sub/register": b"[]",
    "thing/ota/firmware/get": b"{}",
}


@pytest.mark.client_row(5, "code a number, data, id, message")
@pytest.mark.parametrize("params", ["good", "bad"])
@pytest.mark.parametrize("tail", REQUESTS)
def test_every_reply_has_code_data_id_and_message(online: Online, tail: str, params: str):
    sent = REQUESTS[tail] if params == "good" else b'"nonsense"'
    reply = online.ask(tail, b'{"id":"42","version":"1.0","params":%s}' % sent)
    assert b": " not in reply
    assert b", " not in reply.replace(b"parameter error", b"")
    body = json.loads(reply)
    assert list(body)[:4] == ["code", "data", "id", "message"]
    assert type(body["code"]) is int
    assert type(body["data"]) in (dict, list)
    assert body["id"] == "42"
    assert type(body["message"]) is str
    assert body["message"]


@pytest.mark.client_row(5, "ids of OTA are numbers or texts")
@pytest.mark.parametrize(
    ("body", "qos"),
    [
        (b'{"id": 1, "params": {"version": "1.0.0"}}', 0),  # Link SDK for Python.
        (b'{"id":6, "params":{"version":"1.0.0"}}', 0),  # Link SDK for C.
        (b'{"id":"2","params":{"version":"1.0.0"}}', 1),  # iotkit-embedded.
    ],
)
def test_version_report_gets_no_reply(online: Online, body: bytes, qos: int):
    topic = f"/ota/device/inform/{PK}/{DN}"
    online.wire.send(publish(topic, body, qos=qos, packet_id=9), PING)
    if qos:
        assert online.wire.read() == b"\x40\x02\x00\x09"
    assert online.wire.read() == PONG
    assert online.platform.expect("ota_version", timeout=0).detail["version"] == "1.0.0"


@pytest.mark.client_row(5, "QoS 0 or 1 up and down")
@pytest.mark.parametrize("granted", [0, 1])
@pytest.mark.parametrize("qos", [0, 1])
def test_reply_uses_granted_qos_at_any_post_qos(online: Online, qos: int, granted: int):
    topic = f"/sys/{PK}/{DN}/thing/event/property/post"
    reply = f"{topic}_reply"
    suback = online.wire.ask(subscribe(1, (reply, granted)))
    assert suback == bytes((0x90, 3, 0, 1, granted))
    online.wire.send(publish(topic, b'{"id":"1","params":{"a":1}}', qos=qos, packet_id=9))
    if qos:
        assert online.wire.read() == b"\x40\x02\x00\x09"
    assert online.wire.read_publish()[2] == granted


# Requests of the cloud


@pytest.mark.client_row(5, "property/set")
@pytest.mark.parametrize("qos", [0, 1])
def test_property_set_has_decimal_id_and_accepts_reply(online: Online, qos: int):
    number = online.platform.cloud.set_properties(PK, DN, {"target": 21})
    topic = f"/sys/{PK}/{DN}/thing/service/property/set"
    assert number.isdecimal()
    assert online.wire.read() == publish(
        topic,
        b'{"method":"thing.service.property.set","id":"%s","params":{"target":21},'
        b'"version":"1.0.0"}' % number.encode(),
    )
    answer = b'{"id":"%s","code":200,"data":{}}' % number.encode()
    online.wire.send(publish(f"{topic}_reply", answer, qos=qos, packet_id=9), PING)
    if qos:
        assert online.wire.read() == b"\x40\x02\x00\x09"
    assert online.wire.read() == PONG
    answered = online.platform.expect("answered", timeout=0).detail
    assert answered == {"topic": f"{topic}_reply", "id": number, "answer": 200}


@pytest.mark.client_row(5, "services by topic or method")
def test_service_topic_and_method_end_in_its_name(online: Online):
    number = online.platform.cloud.call_service(PK, DN, "SelfTest", {"seconds": 3})
    assert online.wire.read() == publish(
        f"/sys/{PK}/{DN}/thing/service/SelfTest",
        b'{"method":"thing.service.SelfTest","id":"%s","params":{"seconds":3},'
        b'"version":"1.0.0"}' % number.encode(),
    )


@pytest.mark.client_row(4, "a PUBLISH ahead of the first SUBSCRIBE")
def test_request_before_the_first_subscribe_gets_a_reply(platform: Platform, party: Party):
    # The Node.js SDK 1.0.1 begins with its tags and subscribes afterwards.
    topic = f"/sys/{PK}/{DN}/thing/deviceinfo/update"
    body = b'{"id":"1","version":"1.0","params":[{"attrKey":"a","attrValue":"b"}],"method":"m"}'
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.send(publish(topic, body), subscribe(1, (f"{topic}_reply", 1)))
        assert wire.read_publish()[0] == f"{topic}_reply"
        assert wire.read() == b"\x90\x03\x00\x01\x01"


# Gateways

# Client: clientId, timestamp as it stands in the JSON, method's key and name.
TOPOLOGY = {
    "Link SDK for Python": (f"{SUB_PK}.sub-0001", '"1700000000000"', "signmethod", "hmacSha256"),
    "Link SDK for C": (f"{SUB_PK}.sub-0001", '"1700000000000"', "signmethod", "hmacSha256"),
    "iotkit-embedded": (f"{SUB_PK}.sub-0001", '"1234567"', "signmethod", "hmacSha1"),
    "Node.js SDK": (f"{SUB_PK}&sub-0001", "1700000000000", "signMethod", "hmacsha1"),
}


@pytest.mark.client_row(5, "topo/add of each client")
@pytest.mark.parametrize(("case", "qos"), [("upper", 0), ("lower", 0), ("lower", 1)])
@pytest.mark.parametrize("client", TOPOLOGY)
def test_topology_as_each_client_signs_it(
    gateway: Gateway, platform: Platform, client: str, case: str, qos: int
):
    platform.cloud.remove_sub_device(SUB_PK, "sub-0001")
    for _ in range(2):
        gateway.told()
    client_id, timestamp, key, method = TOPOLOGY[client]
    moment = json.loads(timestamp)
    content = f"clientId{client_id}deviceNamesub-0001productKey{SUB_PK}timestamp{moment}"
    signature = getattr(sign(SUB_DS, content, method.lower().removeprefix("hmac")), case)()
    body = (
        f'{{"id":"1","version":"1.0","params":[{{"productKey":"{SUB_PK}","deviceName":'
        f'"sub-0001","clientId":"{client_id}","timestamp":{timestamp},"{key}":"{method}",'
        f'"sign":"{signature}"}}]}}'
    )
    sent = publish(gateway.topic("thing/topo/add"), body.encode(), qos=qos, packet_id=9)
    gateway.wire.send(sent)
    if qos:
        assert gateway.wire.read() == b"\x40\x02\x00\x09"
    assert gateway.told()[1]["code"] == 200


# Client: the clientId that it signs as it is, with its suffix.
LOGINS = {
    "Link SDK for Python": f"{SUB_PK}.sub-0001|lan=Python,_v=2.2.1,_ss=1|",
    "iotkit-embedded 3.0.1": f"{SUB_PK}.sub-0001|_v=sdk-c-3.0.1|",
    "iotkit-embedded 3.2.0": f"{SUB_PK}.sub-0001|_ss=1,_v=sdk-c-3.2.0|",
    "Node.js SDK": f"{SUB_PK}&sub-0001",
    "Link SDK for C": f"{SUB_PK}.sub-0001",
}


def _login(client_id: str, clean: str) -> dict[str, str]:
    content = f"clientId{client_id}deviceNamesub-0001productKey{SUB_PK}timestamp{TIME}"
    return {
        **names(),
        "clientId": client_id,
        "timestamp": TIME,
        "cleanSession": clean,
        "sign": sign(SUB_DS, content),
    }


@pytest.mark.client_row(5, "login and logout of each client")
@pytest.mark.parametrize("client", LOGINS)
def test_sub_device_login_of_each_client_is_accepted(gateway: Gateway, client: str):
    batch = {"signMethod": "hmacSha256", "deviceList": [_login(LOGINS[client], "false")]}
    single = {**_login(LOGINS[client], "true"), "signMethod": "hmacSha256"}
    assert gateway.ask("combine/batch_login", batch) == (200, [names()])
    assert gateway.ask("combine/batch_logout", [names()]) == (200, [names()])
    assert gateway.ask("combine/login", single) == (200, names())
    assert gateway.ask("combine/logout", names()) == (200, names())


@pytest.mark.client_row(5, "an empty method")
def test_a_login_may_have_an_empty_method(gateway: Gateway):
    single = {**_login("c", "true"), "signMethod": "hmacSha256"}
    body = {"id": "1", "version": "1.0", "method": "", "params": single}  # The Node.js SDK.
    reply = json.loads(gateway.ask_raw("combine/login", json.dumps(body).encode()))
    assert (reply["code"], reply["id"], reply["message"]) == (200, "1", "success")


@pytest.mark.client_row(5, "an id again")
def test_an_id_may_be_used_again(gateway: Gateway):
    for _ in range(2):  # The Link SDK for C repeats that of the message before.
        reply = gateway.ask_raw("thing/topo/get", b'{"id":"5","version":"1.0","params":"{}"}')
        assert json.loads(reply)["id"] == "5"


@pytest.mark.client_row(5, "product_register")
def test_registration_with_product_secret_returns_the_iot_id(gateway: Gateway, platform: Platform):
    content = f"deviceNamesub-0001productKey{SUB_PK}random1"
    proxied = {**names(), "random": "1", "signMethod": "hmacSha256"}
    proxied["sign"] = sign("SubProdSecret001", content)
    code, data = gateway.ask("thing/proxy/provisioning/product_register", {"proxieds": [proxied]})
    assert code == 200
    assert data["failures"] == []
    iot_id = platform.console.device(SUB_PK, "sub-0001").iot_id
    assert data["successes"] == [{"iotId": iot_id, **names(), "deviceSecret": SUB_DS}]


@pytest.mark.client_row(5, "tags right behind the login")
def test_tags_right_after_sub_device_login_are_accepted(gateway: Gateway, platform: Platform):
    body = {"id": "1", "params": {**_login("c", "true"), "signMethod": "hmacSha256"}}
    tags = f"/sys/{SUB_PK}/sub-0001/thing/deviceinfo/update"
    gateway.wire.send(
        publish(gateway.topic("combine/login"), json.dumps(body).encode()),
        publish(
            tags,
            b'{"id":"2","version":"1.0","params":[{"attrKey":"SYS_ALIOS_ACTIVATION",'
            b'"attrValue":"x"}],"method":"thing.deviceinfo.update"}',
            qos=1,
            packet_id=3,
        ),
    )
    assert gateway.wire.read_publish()[1]["code"] == 200
    assert gateway.wire.read() == b"\x40\x02\x00\x03"
    assert gateway.wire.read_publish()[0] == f"{tags}_reply"
    kept = platform.console.device(SUB_PK, "sub-0001").documents["tags"]
    assert kept == {"SYS_ALIOS_ACTIVATION": "x"}


# Shadow


@pytest.mark.client_row(6, "get, update, delete, desired null")
@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize(
    ("body", "state"),
    [
        (
            b'{"method":"update","state":{"reported":{"k":1}},"version":1763900000000}',
            {"reported": {"k": 1, "old": 1}, "desired": {"d": 1}},
        ),
        (
            b'{"method":"delete","state":{"reported":{"old":"null"}},"version":9}',
            {"reported": {}, "desired": {"d": 1}},
        ),
        (
            b'{"method":"delete","state":{"reported":"null"},"version":9}',
            {"desired": {"d": 1}},
        ),
        (
            b'{"method":"update","state":{"desired":"null"},"version":9}',
            {"reported": {"old": 1}},
        ),
    ],
)
def test_shadow_reply_to_each_form_has_no_state(
    online: Online, body: bytes, state: object, qos: int
):
    topic, heard = f"/shadow/update/{PK}/{DN}", f"/shadow/get/{PK}/{DN}"
    before = b'{"method":"update","state":{"reported":{"old":1}},"version":1}'
    online.exchange("/shadow/update/{pk}/{dn}", before, "/shadow/get/{pk}/{dn}")
    online.platform.cloud.set_shadow(PK, DN, {"d": 1}, version=2)
    control = online.wire.read_publish()[1]
    assert set(control) == {"method", "payload", "version", "timestamp"}
    assert (control["method"], control["payload"]["state"]["desired"]) == ("control", {"d": 1})
    online.wire.send(publish(topic, body, qos=qos, packet_id=7))
    if qos:
        assert online.wire.read() == b"\x40\x02\x00\x07"
    where, answer, _ = online.wire.read_publish()
    assert where == heard
    assert set(answer) == {"method", "payload", "timestamp"}
    assert answer["payload"]["status"] == "success"
    assert "state" not in json.dumps(answer).replace("status", "")
    got = online.exchange("/shadow/update/{pk}/{dn}", b'{"method":"get"}', "/shadow/get/{pk}/{dn}")
    whole = json.loads(got)
    assert set(whole) == {"method", "payload", "version", "timestamp"}
    assert set(whole["payload"]) == {"status", "state", "metadata"}
    assert whole["payload"]["state"] == state
