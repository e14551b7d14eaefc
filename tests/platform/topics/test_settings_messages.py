"""Settings of what a device sends and gets once it is known, each literally both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.http_requests import exchange, request
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign, subscribe

PK, DN, DS = "a1B2c3D4e5F", "dev-1", "0123456789abcdef"
PING, PONG = b"\xc0\x00", b"\xd0\x00"
POST = f"/sys/{PK}/{DN}/thing/event/property/post"
BYTES = "application/octet-stream"


@pytest.fixture
def make(make_platform: Callable[..., Platform], clock: ManualClock) -> Callable[..., Platform]:
    """Return a maker of platforms with one device and these settings."""

    def make(**settings: Any) -> Platform:
        platform = make_platform(clock=clock, settings=Settings(**settings))
        platform.console.create_product(key=PK)
        platform.console.add_device(PK, DN, secret=DS)
        return platform

    return make


def online(platform: Platform) -> Wire:
    wire = Wire.tls(platform)
    packet = Party.of(platform.console.product(PK), platform.console.device(PK, DN)).log_in()
    assert wire.ask(packet) == ACCEPTED
    return wire


@pytest.mark.parametrize(
    ("ack", "sys", "replied"),
    [
        (1, b"", True),
        (1, b'"sys":{},', True),
        (1, b'"sys":{"ack":0},', False),
        (0, b"", False),
        (0, b'"sys":{},', False),
        (0, b'"sys":{"ack":1},', True),
    ],
)
def test_setting_default_ack_decides_reply_to_post(make, ack: int, sys: bytes, replied: bool):
    with online(make(default_ack=ack)) as wire:
        wire.send(publish(POST, b'{"id":"1",%s"params":{"t":1}}' % sys), PING)
        if replied:
            assert wire.read_publish()[0] == f"{POST}_reply"
        assert wire.read() == PONG
        asked = f"/sys/{PK}/{DN}/thing/property/desired/get"
        wire.send(publish(asked, b'{"id":"2","params":["t"]}'))
        assert wire.read_publish()[0] == f"{asked}_reply"  # It asks for data.


def test_setting_resets_or_refuses_shadow_version_minus_one(make):
    topic = f"/shadow/update/{PK}/{DN}"
    first = b'{"method":"update","state":{"reported":{"a":1}},"version":7}'
    again = b'{"method":"update","state":{"reported":{"a":2}},"version":-1}'
    with online(make()) as wire:
        wire.send(publish(topic, first), publish(topic, again))
        assert wire.read_publish()[1]["payload"] == {"status": "success", "version": 7}
        assert wire.read_publish()[1]["payload"] == {"status": "success", "version": 0}
    platform = make(shadow_minus_one="refuse")
    with online(platform) as wire:
        wire.send(publish(topic, first), publish(topic, again))
        assert wire.read_publish()[1]["payload"] == {"status": "success", "version": 7}
        assert wire.read_publish()[1]["payload"]["content"]["errorcode"] == "409"
    assert platform.expect("shadow_refused", timeout=0).reason == "409: version conflict"


@pytest.mark.parametrize("most", [3, 100])
def test_setting_limits_messages_waiting_for_puback(make, most: int):
    assert Settings().max_unacknowledged == 100
    topic = f"/{PK}/{DN}/user/get"
    platform = make(max_unacknowledged=most)
    with online(platform) as wire:
        assert wire.ask(subscribe(1, (topic, 1))) == b"\x90\x03\x00\x01\x01"
        for number in range(1, most + 2):
            platform.cloud.send(PK, DN, topic, b"%d" % number, qos=1)
        for number in range(1, most + 1):
            assert wire.read() == publish(topic, b"%d" % number, qos=1, packet_id=number)
        assert wire.ask(PING) == PONG  # One more was dropped.
        event = platform.expect("throttled", timeout=0)
        assert event.code == 429
        assert event.reason == f"{most} messages at QoS 1 wait for their PUBACK"
        platform.cloud.send(PK, DN, topic, b"at QoS 0", qos=0)
        assert wire.read() == publish(topic, b"at QoS 0")
        assert wire.ask(b"\x40\x02\x00\x02", PING) == PONG
        platform.cloud.send(PK, DN, topic, b"later", qos=1)
        assert wire.read() == publish(topic, b"later", qos=1, packet_id=most + 1)
    assert len(platform.events(kind="throttled")) == 1


def test_packet_id_waiting_for_puback_is_not_reused(make):
    topic = f"/{PK}/{DN}/user/get"
    platform = make(max_unacknowledged=2)
    with online(platform) as wire:
        wire.ask(subscribe(1, (topic, 1)))
        platform.cloud.send(PK, DN, topic, b"kept", qos=1)  # Its id 1 is never acknowledged.
        assert wire.read() == publish(topic, b"kept", qos=1, packet_id=1)
        (connection,) = platform._servers[1]._connections
        connection._outgoing._packet_ids._last = 65534
        for number in (65535, 2):
            platform.cloud.send(PK, DN, topic, b"x", qos=1)
            assert wire.read() == publish(topic, b"x", qos=1, packet_id=number)
            assert wire.ask(b"\x40\x02" + number.to_bytes(2, "big"), PING) == PONG


def _auth(platform: Platform, secret: str = DS) -> tuple[int, dict[str, Any]]:
    body = {
        "productKey": PK,
        "deviceName": DN,
        "clientId": "c",
        "signmethod": "hmacsha1",
        "sign": sign(secret, f"clientIdcdeviceName{DN}productKey{PK}", "sha1"),
    }
    asked = request("/auth", json.dumps(body).encode(), "application/json")
    return _answered(platform, asked)


def _answered(platform: Platform, asked: bytes) -> tuple[int, dict[str, Any]]:
    head, body = exchange(platform, asked)
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_setting_chooses_http_status_of_refused_request(make, status: int):
    platform = make(http_refused_status=status)
    assert _auth(platform, "wrong") == (status, {"code": 20000, "message": "auth check error"})
    bare = request(f"/topic{POST}", b"{}", BYTES)
    assert _answered(platform, bare) == (status, {"code": 20002, "message": "token is null"})
    assert _auth(platform)[0] == 200


@pytest.mark.parametrize(
    ("code", "message"), [(30001, "publish message error"), (10001, "param error")]
)
def test_setting_chooses_code_of_forbidden_topic(make, code: int, message: str):
    platform = make(http_foreign_topic=code)
    token = _auth(platform)[1]["info"]["token"]
    foreign = request("/topic/sys/pk/other/x", b"{}", BYTES, f"password: {token}")
    assert _answered(platform, foreign) == (200, {"code": code, "message": message})
    event = platform.expect("publish_refused", timeout=0)
    assert event.detail == {"via": "https", "answer": code}


@pytest.mark.parametrize("activates", [True, False])
def test_setting_chooses_activation_by_token(make, activates: bool):
    platform = make(http_token_activates=activates)
    assert _auth(platform)[1]["code"] == 0
    assert platform.console.device(PK, DN).status == ("Offline" if activates else "Inactive")
    with Wire.tls(platform) as wire:
        packet = Party(platform.console.product(PK), DN).register()
        assert (wire.ask(packet) == ACCEPTED) is not activates


def test_setting_chooses_lifetime_of_token(make, clock: ManualClock):
    post = f"/topic{POST}"
    for settings, life in (({}, 604800), ({"http_token_seconds": 60}, 60)):
        platform = make(**settings)
        token = _auth(platform)[1]["info"]["token"]
        sent = request(post, b"{}", BYTES, f"password: {token}")
        clock.advance(life - 1)
        assert _answered(platform, sent)[1]["code"] == 0
        clock.advance(1)
        assert _answered(platform, sent) == (
            200,
            {"code": 20001, "message": "token is expired"},
        )
        assert platform.expect("publish_refused", timeout=0).reason == "the token has expired"
