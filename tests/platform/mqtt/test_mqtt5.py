"""MQTT 5 on the wire: what CONNACK says, properties, aliases, limits, reason codes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from alibabacloud_iot20180120.models import PubRequestUserProp as UserProp

from alink_sim.clock import ManualClock
from alink_sim.platform import Instance, Platform, Settings
from tests.platform.api_calls import Ask, done
from tests.platform.mqtt import wire5
from tests.platform.mqtt.wire5 import ACCEPTED, log_in, pair, publish, reason_of, received
from tests.platform.wire import Party, Wire, packet, refused, text

SUCCESS, NO_SUBSCRIPTION = 0, 0x11
DISCONNECT = 14


@pytest.fixture
def user(party: Party) -> str:
    """The root of the device's own topics."""
    return f"/{party.product.key}/{party.name}/user"


@pytest.fixture
def online(platform: Platform, party: Party) -> Iterator[Wire]:
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party)) == ACCEPTED
        yield wire


def ended_with(wire: Wire, reason: int, words: str = "") -> None:
    """Take the DISCONNECT that comes next, and the end."""
    got = wire.read()
    assert got[0] >> 4 == DISCONNECT, got
    assert reason_of(got) == reason
    assert words.encode() in got
    assert wire.read() == b""


# Login


@pytest.mark.parametrize("kind", ["register", "regnwl"])
def test_registration_reply_has_no_properties(platform: Platform, party: Party, kind: str):
    body = wire5.packet_body(party.register(kind))
    connect = packet(0x10, body[:6] + b"\x05" + body[7:10] + b"\0" + body[10:])
    with Wire.tls(platform) as wire:
        assert wire.ask(connect) == ACCEPTED
        got = received(wire)
    assert (got.topic, got.found) == (f"/ext/{kind}", {})
    assert json.loads(got.payload)["deviceName"] == party.name


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda party: log_in(party).replace(b"&", b"?"), 0x85),
        (lambda party: log_in(Party(party.product, party.name, "0" * 32)), 0x86),
        (lambda party: log_in(party, b"\x15" + text("SCRAM")), 0x8C),
        (lambda party: log_in(party, b"\x16" + text("data")), 0x82),
        (lambda party: log_in(party, b"".join(pair(str(n), "") for n in range(21))), 0x97),
        (lambda party: log_in(party, pair("_key", "value")), 0x97),
        (lambda party: log_in(party, pair("k" * 64, "v" * 65)), 0x97),
        (lambda party: log_in(party, b"\x21\0\0"), 0x82),
        (lambda party: log_in(party, b"\x27\0\0\0\0"), 0x82),
        (lambda party: log_in(party, b"\x21\0\1" * 2), 0x82),
        (lambda party: log_in(party, b"\x17\2"), 0x82),
        (lambda party: log_in(party, b"\x01\0"), 0x81),
        (lambda party: log_in(party, b"\x7f\0"), 0x81),
        (lambda party: log_in(party, b"\x80\x80\x80\x80\x01"), 0x81),
        (lambda party: log_in(party, b"\x11\0\0"), 0x81),
        (lambda party: log_in(party, b"\x26" + text("key")), 0x81),
        (lambda party: log_in(party, b"\x26" + b"\0\1\xff" + text("v")), 0x81),
        (lambda party: log_in(party, b"".join(pair("k", "v") for _ in range(257))), 0x81),
        (lambda party: packet(0x10, text("MQTT") + b"\5\xc2\0\x3c\xff\xff\xff\xff\1"), 0x81),
    ],
)
def test_refused_connect_has_reason_and_its_name(platform, party, made, reason):
    with Wire.tls(platform) as wire:
        got = wire.ask(made(party))
        assert (got[0], reason_of(got)) == (0x20, reason)
        assert wire.read() == b""
    assert not platform.events(kind="platform_error")
    # The true reason is the event's; the wire has the name of the code.
    assert b"is not" not in got


def test_keepalive_outside_limits_closes_without_connack(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, keepalive=20)) == b""
    assert "20 s is outside" in platform.expect("login_refused", timeout=0).reason


@pytest.mark.parametrize(
    ("instance", "reason"),
    [
        (Instance("iot-1"), SUCCESS),
        (Instance("iot-1", "public"), 0x84),
        (Instance("", "old_public"), 0x84),
    ],
)
def test_only_enterprise_instances_speak_mqtt_5(make_platform, instance: Instance, reason: int):
    platform = make_platform(strict=True)
    product = platform.console.create_product(key="a1B2c3D4e5F", instance=instance)
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        assert reason_of(wire.ask(log_in(party))) == reason
    if reason:
        assert "MQTT 5 needs an enterprise" in platform.expect("login_refused", timeout=0).reason


def test_device_may_not_go_back_to_311(platform: Platform, party: Party):
    for connect, got in (
        (party.log_in(), b"\x20\x02\0\0"),
        (log_in(party), ACCEPTED),
        (party.log_in(), refused(1)),
        (log_in(party), ACCEPTED),
    ):
        with Wire.tls(platform) as wire:
            assert wire.ask(connect) == got
    assert "may not go back" in platform.expect("login_refused", timeout=0).reason


# Messages


def test_properties_of_a_message_are_noted(platform: Platform, online: Wire, user: str):
    found = pair("key1", "a") + pair("key1", "b") + b"\x01\1" + b"\x02\0\0\0\x3c"
    found += b"\x03" + text("text/plain") + b"\x08" + text(f"{user}/get") + b"\x09" + text("id-1")
    got = online.ask(publish(f"{user}/update", b"hello", found, packet_id=7))
    assert got == b"\x40\x02\0\x07"
    assert platform.expect("published", timeout=0).detail["topic"] == f"{user}/update"
    assert platform.expect("message_properties", timeout=0).detail == {
        "topic": f"{user}/update",
        "user_properties": [["key1", "a"], ["key1", "b"]],
        "response_topic": f"{user}/get",
        "correlation_data": "aWQtMQ==",
        "content_type": "text/plain",
    }


def test_properties_of_a_login_are_noted(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, pair("firmware", "1.2"))) == ACCEPTED
    detail = platform.expect("message_properties", timeout=0).detail
    assert detail == {"user_properties": [["firmware", "1.2"]]}


@pytest.mark.parametrize(
    ("found", "payload", "reason"),
    [
        (b"".join(pair(str(n), "") for n in range(20)), b"", SUCCESS),
        (b"".join(pair(str(n), "") for n in range(21)), b"", 0x97),
        (pair("_key", "value"), b"", 0x97),
        (b"\x08" + text("/" + "t" * 128), b"", 0x97),
        (b"\x09" + text("d" * 129), b"", 0x97),
        (b"\x01\1", b"\xff", 0x99),
        (b"\x01\0", b"\xff", SUCCESS),
    ],
)
def test_refused_message_has_reason_in_puback(platform, online, user, found, payload, reason):
    got = online.ask(publish(f"{user}/update", payload, found, packet_id=1))
    assert (got[0], reason_of(got)) == (0x40, reason)
    assert bool(platform.events(kind="publish_refused")) == (reason != SUCCESS)


def test_message_to_foreign_topic_has_reason(platform: Platform, online: Wire):
    got = online.ask(publish("/a1B2c3D4e5F/other/user/x", b"", packet_id=1))
    assert (reason_of(got), b"no right to topic" in got) == (0x87, True)


def test_reason_string_that_quotes_a_topic_is_cut(platform: Platform, online: Wire):
    got = online.ask(publish("/ext/rrpc/" + "x" * 65000, b"", packet_id=1))
    assert (reason_of(got), len(got) < 300) == (0x87, True)
    assert not platform.events(kind="platform_error")


def test_reason_string_is_left_out_on_request(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, b"\x17\0")) == ACCEPTED
        got = wire.ask(publish("/a1B2c3D4e5F/other/user/x", b"", packet_id=1))
    assert got == b"\x40\x04\0\x01\x87\0"


def test_alias_of_client_stands_for_its_topic(platform: Platform, online: Wire, user: str):
    online.ask(publish(f"{user}/a", b"1", b"\x23\0\x14", packet_id=1))
    online.ask(publish("", b"2", b"\x23\0\x14", packet_id=2))
    online.ask(publish(f"{user}/b", b"3", b"\x23\0\x14", packet_id=3))
    online.ask(publish("", b"4", b"\x23\0\x14", packet_id=4))
    topics = [one.detail["topic"] for one in platform.events(kind="published")]
    assert topics == [f"{user}/{name}" for name in "aabb"]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda user: publish(f"{user}/a", b"", b"\x23\0\x15"), 0x94),
        (lambda user: publish(f"{user}/a", b"", b"\x23\0\0"), 0x94),
        (lambda user: publish("", b"", b"\x23\0\1"), 0x94),
        (lambda user: publish("", b""), 0x90),
        (lambda user: publish(f"{user}/#", b""), 0x90),
        (lambda user: publish(f"{user}/a", b"", b"\x08" + text("/#")), 0x82),
        (lambda user: publish(f"{user}/a", b"", b"\x0b\x01"), 0x81),
        (lambda user: packet(0x34, text(f"{user}/a") + b"\0\1\0"), 0x9B),
        (lambda user: publish(f"{user}/a", bytes(262144))[:40], 0x95),
        (lambda user: wire5.subscribe(1, (f"{user}/a", 0), found=b"\x0b\x01"), 0x82),
        (lambda user: wire5.subscribe(1, (f"{user}/a", 0x30)), 0x81),
        (lambda user: wire5.subscribe(1, (f"{user}/a", 0x40)), 0x81),
        (lambda user: wire5.subscribe(1), 0x82),
        (lambda user: wire5.unsubscribe(1, []), 0x82),
        (lambda user: b"\xf0\x02\x18\x00", 0x82),
        (lambda user: b"\x40\x05\0\1\0\1\x7f", 0x81),
        (lambda user: b"\xe0\x03\0\1\x7f", 0x81),
        (lambda user: b"\x30\xff\xff\xff\xff", 0x81),
    ],
)
def test_broken_packet_ends_with_its_reason(platform, online, user, made, reason):
    online.send(made(user))
    ended_with(online, reason)
    assert not platform.events(kind="platform_error")
    assert platform.events(kind="protocol_error")


def test_subscriptions_have_a_reason_each(online: Wire, user: str):
    filters = [(f"{user}/a", 1), ("/other/dev/user/a", 0), (f"$share/g{user}/a", 0)]
    got = online.ask(wire5.subscribe(5, *filters, (f"{user}/#/a", 0), (f"{user}/b", 0x2D)))
    assert got == b"\x90\x08\0\x05\0" + bytes((1, 0x87, 0x9E, 0x80, 1))
    got = online.ask(wire5.unsubscribe(6, [f"{user}/a", f"{user}/a"]))
    assert got == b"\xb0\x05\0\x06\0" + bytes((SUCCESS, NO_SUBSCRIPTION))


# Messages to the device


def test_cloud_api_sends_properties(make_platform, ask: Ask, cloud: Platform):
    product = cloud.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, cloud.console.add_device(product.key, "dev-1"))
    topic = f"/{product.key}/dev-1/user/get"
    given = {"product_key": product.key, "topic_full_name": topic, "message_content": "aGk="}
    sent = {
        "user_prop": [UserProp(key="key", value="值"), UserProp(key="k2", value="")],
        "response_topic": "/reply/to",
        "correlation_data": "aWQtMQ==",
        "content_type": "text/plain",
        "payload_format_indicator": 1,
        "message_expiry_interval": 60,
    }
    with Wire.tls(cloud) as wire:
        assert wire.ask(log_in(party)) == ACCEPTED
        wire.ask(wire5.subscribe(1, (topic, 1)))
        done(ask("Pub", **given, **sent))
        got = received(wire)
    assert (got.topic, got.payload) == (topic, b"hi")
    assert got.found == {
        "user": [("key", "值"), ("k2", "")],
        "response_topic": "/reply/to",
        "correlation_data": b"id-1",
        "content_type": "text/plain",
        "payload_format": 1,
        "message_expiry": 60,
    }
    for wrong in (
        {"correlation_data": "%"},
        {"response_topic": "/#"},
        {"user_prop": [UserProp(key="_k", value="")]},
        {"content_type": "\0"},
    ):
        assert ask("Pub", **given, **wrong)["Code"] == "iot.common.InvalidFormattedParameter"


def test_device_with_311_gets_message_without_properties(ask: Ask, cloud: Platform):
    product = cloud.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, cloud.console.add_device(product.key, "dev-1"))
    topic = f"/{product.key}/dev-1/user/get"
    with Wire.tls(cloud) as wire:
        wire.ask(party.log_in())
        wire.ask(packet(0x82, b"\0\1" + text(topic) + b"\0"))
        given = {"topic_full_name": topic, "message_content": "e30=", "content_type": "a/b"}
        done(ask("Pub", product_key=product.key, **given))
        assert wire.read() == packet(0x30, text(topic) + b"{}")


def test_platform_uses_aliases_the_client_takes(platform: Platform, party: Party, user: str):
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, b"\x22\0\1")) == ACCEPTED
        wire.ask(wire5.subscribe(1, (f"{user}/+", 0)))
        for name in "aba":
            platform.cloud.send(party.product.key, party.name, f"{user}/{name}", b"")
        got = [received(wire) for _ in "123"]
    assert [one.topic for one in got] == [f"{user}/a", f"{user}/b", ""]
    assert [one.found for one in got] == [{"topic_alias": 1}, {}, {"topic_alias": 1}]


def test_too_large_message_is_not_sent(platform: Platform, party: Party, user: str):
    topic = f"{user}/get"
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, b"\x22\0\1" + b"\x27\0\0\0\x50")) == ACCEPTED
        wire.ask(wire5.subscribe(1, (topic, 1)))
        for size in (80, 2):
            platform.cloud.send(party.product.key, party.name, topic, bytes(size), qos=1)
        got = received(wire)
    # The first message would have taught the client the alias, so it has no alias yet.
    assert (got.payload, got.topic, got.found) == (bytes(2), topic, {"topic_alias": 1})
    assert "the device takes up to 80" in platform.events(kind="not_sent")[0].reason


def test_receive_maximum_holds_messages_back(platform: Platform, party: Party, user: str):
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party, b"\x21\0\1")) == ACCEPTED
        wire.ask(wire5.subscribe(1, (f"{user}/get", 1)))
        for number in b"123":
            platform.cloud.send(
                party.product.key, party.name, f"{user}/get", bytes((number,)), qos=1
            )
        for number in b"123":
            got = received(wire)
            assert got.payload == bytes((number,))
            # Nothing else is on the wire before its PUBACK.
            assert wire.ask(b"\xc0\0") == b"\xd0\0"
            wire.send(packet(0x40, got.packet_id.to_bytes(2)))


# Ends


def test_second_login_ends_first_with_reason(platform: Platform, party: Party, online: Wire):
    with Wire.tls(platform) as newer:
        assert newer.ask(log_in(party)) == ACCEPTED
        ended_with(online, 0x8E, "logged in elsewhere")


def test_silence_ends_with_keepalive_timeout(
    platform: Platform, clock: ManualClock, online: Wire, party: Party
):
    clock.advance(90)
    ended_with(online, 0x8D)
    assert platform.expect("offline").reason == "no packet for 1.5 keepalives"


@pytest.mark.parametrize("action", ["disable_device", "remove_device"])
def test_operator_ends_session_with_reason(platform, party, online, action):
    getattr(platform.console, action)(party.product.key, party.name)
    ended_with(online, 0x98)


def test_platform_failures_and_rates_have_reasons(make_platform):
    settings = Settings(rates="documented", connects_a_minute=1, qos1_a_second=1)
    platform = make_platform(settings=settings)
    product = platform.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party)) == ACCEPTED
        wire.ask(publish(f"/{product.key}/dev-1/user/a", b"", packet_id=1))
        got = wire.ask(publish(f"/{product.key}/dev-1/user/a", b"", packet_id=2))
        assert (got[2:4], reason_of(got)) == (b"\0\2", 0x97)
    with Wire.tls(platform) as wire:
        assert reason_of(wire.ask(log_in(party))) == 0x88


def test_disconnect_of_client_ends_silently(platform: Platform, online: Wire):
    assert online.ask(b"\xe0\x02\x04\x00") == b""
    assert platform.expect("offline").reason == "the device said DISCONNECT"
