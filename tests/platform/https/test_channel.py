"""The HTTPS data channel: each code of its table, with the request and the answer as bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from alink_sim.platform.state.store import Changes, StoreError
from tests.platform.http_requests import exchange, request
from tests.platform.wire import ACCEPTED, Party, Wire

JSON, BYTES = "application/json", "application/octet-stream"
# The signatures of docs/reference/protocol.md's example: key "secret", client id 12345.
PK, DN, DS = "pk", "device", "secret"
CONTENT_SIGNED = {
    "hmacmd5": "2CE7304EC0DDD548EB1492D65AC0B334",
    "hmacsha1": "3504E4DF7CE4766D30F796EE973C9CE7FC5425CB",
    "hmacsha256": "C8CB3DCB7159682438E5FD9A9C34F398E41BB8EDB6F222795E307BAFEE151090",
}
SHA1_WITH_TIMESTAMP_789 = "FAFD82A3D602B37FB0FA8B7892F24A477F851A14"
POST = f"/topic/sys/{PK}/{DN}/thing/event/property/post"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=0.0)  # 1970: the public vector's timestamp is 789 ms.


@pytest.fixture
def platform(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    return _world(make_platform(clock=clock))


def _world(platform: Platform) -> Platform:
    platform.console.create_product(key=PK)
    platform.console.add_device(PK, DN, secret=DS)
    return platform


def _auth(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "productKey": PK,
        "deviceName": DN,
        "clientId": "12345",
        "signmethod": "hmacsha1",
        "sign": CONTENT_SIGNED["hmacsha1"],
    }
    return json.dumps({k: v for k, v in {**fields, **changes}.items() if v is not None}).encode()


def _ask(platform: Platform, path: str, body: bytes, content_type: str, *headers: str) -> bytes:
    head, answer = exchange(platform, request(path, body, content_type, *headers))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    return answer


def _token(platform: Platform) -> str:
    got = json.loads(_ask(platform, "/auth", _auth(), JSON))
    assert got["code"] == 0, got
    token: str = got["info"]["token"]
    return token


def _publish(platform: Platform, token: str, path: str = POST, body: bytes = b"{}") -> bytes:
    return _ask(platform, path, body, BYTES, f"password: {token}")


@pytest.mark.parametrize("method", CONTENT_SIGNED)
def test_a_signature_of_each_method_brings_a_token(platform: Platform, method: str):
    body = _auth(signmethod=method, sign=CONTENT_SIGNED[method])
    head, answer = exchange(platform, request("/auth", body, JSON))
    assert b"\r\nContent-Length: " in head
    form = rb'\{"code":0,"message":"success","info":\{"token":"[0-9a-f]{32}"\}\}'
    assert re.fullmatch(form, answer)
    assert platform.expect("token_issued", timeout=0).detail == {"via": "https"}
    assert platform.console.device(PK, DN).status == "Offline"
    token = json.loads(answer)["info"]["token"].encode()
    assert token.decode() not in str(platform.events())


def test_sign_method_is_md5_by_default(platform: Platform):
    body = _auth(signmethod=None, sign=CONTENT_SIGNED["hmacmd5"].lower(), version="default")
    assert json.loads(_ask(platform, "/auth", body, JSON))["code"] == 0


@pytest.mark.parametrize("timestamp", [789, "789"])
def test_the_public_vector_is_signed_with_its_timestamp(platform: Platform, timestamp: object):
    body = _auth(timestamp=timestamp, sign=SHA1_WITH_TIMESTAMP_789)
    assert json.loads(_ask(platform, "/auth", body, JSON))["code"] == 0


def test_the_c_sdk_asks_without_a_timestamp(platform: Platform):
    sent = (
        b"POST /auth HTTP/1.1\r\nHost: iot-as-http.cn-shanghai.aliyuncs.com\r\n"
        b"Accept: text/xml,text/javascript,text/html,application/json\r\n"
        b"Content-Type: application/json\r\nContent-Length: 173\r\n\r\n"
        b'{"clientId":"12345","signmethod":"hmacsha256","deviceName":"device","productKey":"pk",'
        b'"sign":"C8CB3DCB7159682438E5FD9A9C34F398E41BB8EDB6F222795E307BAFEE151090"}   '
    )
    head, _, body = sent.partition(b"\r\n\r\n")
    sent = head.replace(b"173", b"%d" % len(body)) + b"\r\n\r\n" + body
    assert exchange(platform, sent)[1].startswith(
        b'{"code":0,"message":"success","info":{"token":"'
    )


def test_a_message_reaches_its_topic(platform: Platform):
    body = b'{"id":"1","version":"1.0","params":{"t":21.5},"method":"thing.event.property.post"}'
    answer = _publish(platform, _token(platform), body=body)
    form = rb'\{"code":0,"message":"success","info":\{"messageId":(\d{18})\}\}'
    assert re.fullmatch(form, answer)
    assert platform.console.device(PK, DN).properties == {"t": 21.5}
    assert platform.expect("property_posted", timeout=0).client_id == "12345"


def test_https_token_activates_device_and_ends_registration(platform: Platform):
    _token(platform)
    device = platform.console.device(PK, DN)
    with Wire.tls(platform) as wire:
        assert (
            wire.ask(Party(platform.console.product(PK), DN, device.secret).register()) != ACCEPTED
        )


def test_longest_payload_is_accepted_on_a_custom_topic(platform: Platform):
    token = _token(platform)
    path = f"/topic/{PK}/{DN}/user/update"
    assert json.loads(_publish(platform, token, path, bytes(128 * 1024)))["code"] == 0
    assert platform.expect("published", timeout=0).detail["topic"] == f"/{PK}/{DN}/user/update"


def test_token_is_valid_for_seven_days(platform: Platform, clock: ManualClock):
    token = _token(platform)
    clock.advance(7 * 86400 - 1)
    assert json.loads(_publish(platform, token))["code"] == 0
    clock.advance(1)
    assert _publish(platform, token) == b'{"code":20001,"message":"token is expired"}'


def test_restarted_platform_refuses_older_tokens(make_platform, tmp_path):
    first = _world(make_platform(state=tmp_path))
    token = _token(first)
    first.stop()
    second = make_platform(state=tmp_path)
    assert _publish(second, token) == b'{"code":20003,"message":"check token error"}'


@pytest.mark.parametrize("end", ["remove_device", "disable_device"])
def test_token_is_void_after_device_is_gone(platform: Platform, end: str):
    token = _token(platform)
    getattr(platform.console, end)(PK, DN)
    assert _publish(platform, token) == b'{"code":20003,"message":"check token error"}'


# Name of the case: form, response, reason in the event log, vendor's code in the event log.
AUTH_REFUSALS: dict[str, tuple[bytes, bytes, str, int | None]] = {
    "no sign": (
        _auth(sign=None),
        b'{"code":10001,"message":"param error"}',
        "sign is missing, or no text",
        None,
    ),
    "a long client id": (
        _auth(clientId="x" * 65),
        b'{"code":10001,"message":"param error"}',
        "clientId has more than 64 characters",
        None,
    ),
    "no JSON": (
        b"productKey=pk",
        b'{"code":10001,"message":"param error"}',
        "the body is not JSON, or too long",
        None,
    ),
    "a list": (
        b"[]",
        b'{"code":10001,"message":"param error"}',
        "the body is not a JSON object",
        None,
    ),
    "an invalid timestamp": (
        _auth(timestamp="now"),
        b'{"code":10001,"message":"param error"}',
        "timestamp is not a number of milliseconds",
        None,
    ),
    "an old timestamp": (
        _auth(timestamp=900_001),
        b'{"code":20000,"message":"auth check error"}',
        "the timestamp is more than 15 minutes off",
        None,
    ),
    "a wrong signature": (
        _auth(sign="00" * 20),
        b'{"code":20000,"message":"auth check error"}',
        "the signature does not fit the DeviceSecret",
        6600,
    ),
    "an unknown sign method": (
        _auth(signmethod="hmacsha512"),
        b'{"code":20000,"message":"auth check error"}',
        "sign method 'hmacsha512' is not supported",
        6292,
    ),
    "an unknown product": (
        _auth(productKey="other"),
        b'{"code":20000,"message":"auth check error"}',
        "product not found",
        6250,
    ),
    "an unknown device": (
        _auth(deviceName="other"),
        b'{"code":20000,"message":"auth check error"}',
        "device not found",
        6100,
    ),
}


@pytest.mark.parametrize("what", AUTH_REFUSALS)
def test_refused_auth_has_vendor_code_and_status_200(platform: Platform, what: str):
    body, answer, reason, code = AUTH_REFUSALS[what]
    assert _ask(platform, "/auth", body, JSON) == answer
    event = platform.expect("login_refused", timeout=0)
    assert event.reason == reason
    assert event.code == code
    assert event.detail == {"via": "https", "answer": json.loads(answer)["code"]}
    assert DS not in str(platform.events())
    assert not platform.console.device(PK, DN).activated


def test_a_disabled_device_gets_no_token(platform: Platform):
    platform.console.disable_device(PK, DN)
    answer = _ask(platform, "/auth", _auth(), JSON)
    assert answer == b'{"code":20000,"message":"auth check error"}'


def test_a_sub_device_speaks_through_its_gateway(platform: Platform):
    gateway = platform.console.create_product(node_type=1)
    platform.console.add_device(gateway.key, "gateway")
    platform.cloud.add_sub_device(PK, DN, gateway=(gateway.key, "gateway"))
    answer = _ask(platform, "/auth", _auth(), JSON)
    assert answer == b'{"code":20000,"message":"auth check error"}'


# Name of the case: path, Content-Type, other headers, body, response. TOKEN is a valid token.
TOPIC_REFUSALS: dict[str, tuple[str, str, tuple[str, ...], bytes, bytes]] = {
    "no token": (POST, BYTES, (), b"{}", b'{"code":20002,"message":"token is null"}'),
    "an unknown token": (
        POST,
        BYTES,
        ("password: 0123456789abcdef0123456789abcdef",),
        b"{}",
        b'{"code":20003,"message":"check token error"}',
    ),
    "a query": (
        POST + "?a=1",
        BYTES,
        ("password: TOKEN",),
        b"{}",
        b'{"code":10001,"message":"param error"}',
    ),
    "another content type": (
        POST,
        JSON,
        ("password: TOKEN",),
        b"{}",
        b'{"code":10001,"message":"param error"}',
    ),
    "a byte more than 128 KB": (
        POST,
        BYTES,
        ("password: TOKEN",),
        bytes(128 * 1024 + 1),
        b'{"code":10001,"message":"param error"}',
    ),
    "the topic of another device": (
        f"/topic/sys/{PK}/other/thing/event/property/post",
        BYTES,
        ("password: TOKEN",),
        b"{}",
        b'{"code":30001,"message":"publish message error"}',
    ),
    "no topic at all": (
        "/topic/",
        BYTES,
        ("password: TOKEN",),
        b"{}",
        b'{"code":30001,"message":"publish message error"}',
    ),
}


@pytest.mark.parametrize("what", TOPIC_REFUSALS)
def test_a_refused_message_has_its_code(platform: Platform, what: str):
    path, content_type, headers, body, answer = TOPIC_REFUSALS[what]
    token = _token(platform)
    sent = (header.replace("TOKEN", token) for header in headers)
    assert _ask(platform, path, body, content_type, *sent) == answer
    event = platform.expect("publish_refused", timeout=0)
    assert event.detail == {"via": "https", "answer": json.loads(answer)["code"]}
    assert token not in str(platform.events())
    assert platform.console.device(PK, DN).properties == {}


def test_too_many_of_either_are_throttled(
    make_platform: Callable[..., Platform], clock: ManualClock
):
    settings = Settings(http_tokens_a_minute=2, http_messages_a_second=1)
    platform = _world(make_platform(clock=clock, settings=settings))
    too_many = b'{"code":40000,"message":"request too many"}'
    token = _token(platform)
    _token(platform)
    assert _ask(platform, "/auth", _auth(), JSON) == too_many
    assert platform.expect("login_refused", timeout=0).code == 429
    assert json.loads(_publish(platform, token))["code"] == 0
    assert _publish(platform, token) == too_many
    clock.advance(60)
    _token(platform)
    assert json.loads(_publish(platform, token))["code"] == 0


def test_store_failure_returns_30001_or_20004(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    token = _token(platform)
    platform.console.reset_device(PK, DN)  # So that the next login has something to write.

    def fail(_changes: Changes) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(platform._store, "write", fail)
    body = b'{"id":"1","params":{"t":1}}'
    assert _publish(platform, token, body=body) == (
        b'{"code":30001,"message":"publish message error"}'
    )
    assert _ask(platform, "/auth", _auth(), JSON) == (
        b'{"code":20004,"message":"update session error"}'
    )


def test_platform_failure_returns_10000(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    def fail(*_arguments: object) -> None:
        raise RuntimeError("a row of the database")

    token = _token(platform)
    monkeypatch.setattr("alink_sim.platform.topics.dispatch.publish", fail)
    assert _publish(platform, token) == b'{"code":10000,"message":"common error"}'
    assert platform.expect("platform_error", timeout=0).reason == "RuntimeError"
