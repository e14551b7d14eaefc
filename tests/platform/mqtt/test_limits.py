"""The limits of size and of rates: what the wire shows of each, and what the event log says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.wire import ACCEPTED, Party, Wire, publish, refused, subscribe

PING, PONG = b"\xc0\x00", b"\xd0\x00"
OWN = "/a1B2c3D4e5F/esp32-240AC4A1B2C3/user/"  # 37 bytes, 4 slashes.


@pytest.fixture
def online(platform: Platform, party: Party) -> Iterator[Wire]:
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        yield wire


@pytest.fixture
def throttled(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    platform = make_platform(clock=clock, settings=Settings(rates="documented"))
    platform.console.create_product(key="a1B2c3D4e5F")
    platform.console.add_device("a1B2c3D4e5F", "esp32-240AC4A1B2C3")
    return platform


def _party(platform: Platform) -> Party:
    return Party.of(platform.console.products()[0], platform.console.devices()[0])


def _online(platform: Platform) -> Wire:
    wire = Wire.tls(platform)
    assert wire.ask(_party(platform).log_in()) == ACCEPTED
    return wire


def _reasons(platform: Platform, kind: str) -> list[str]:
    return [event.reason for event in platform.events(kind=kind)]


def test_payload_above_256_kb_ends_the_connection(platform: Platform, online: Wire):
    online.send(publish(OWN + "a", bytes(262144), qos=1, packet_id=1))
    assert online.read() == b"\x40\x02\x00\x01"
    online.send(publish(OWN + "a", bytes(262145), qos=1, packet_id=2))
    assert online.read() == b""
    assert _reasons(platform, "protocol_error") == ["262145 bytes; a payload has up to 262144"]
    assert len(platform.events(kind="published")) == 1


def test_packet_far_too_long_is_not_read(platform: Platform, online: Wire):
    online.send(b"\x30\xff\xff\xff\x7f")
    assert online.read() == b""
    assert _reasons(platform, "protocol_error") == ["a packet of 268435455 bytes is too long"]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (OWN + "x" * 92, "a topic of 129 bytes; up to 128 go"),
        (OWN + "a/b/c/d", ""),
        (OWN + "a/b/c/d/e", "a topic of 8 slashes; up to 7 go"),
        (OWN + "x" * 91, ""),
    ],
)
def test_topic_above_128_bytes_or_7_slashes_fails(
    platform: Platform, online: Wire, topic: str, reason: str
):
    assert len(OWN) == 37
    online.send(publish(topic, b"x"), PING)
    assert online.read() == PONG
    assert _reasons(platform, "publish_refused") == [reason] * bool(reason)
    assert len(platform.events(kind="published")) == (not reason)
    granted = 0x80 if reason else 0
    assert online.ask(subscribe(3, (topic, 0))) == bytes((0x90, 3, 0, 3, granted))


def test_system_topics_may_be_deeper_and_rrpc_longer(platform: Platform, online: Wire):
    system = "/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/event/property/history/post_reply"
    rrpc = "/ext/rrpc/+/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/service/" + "s" * 80
    assert system.count("/") == 8
    assert len(rrpc) > 128
    assert online.ask(subscribe(3, (system, 0), (rrpc, 0))) == b"\x90\x04\x00\x03\x00\x00"


def test_the_ninth_filter_of_a_subscribe_is_refused(platform: Platform, online: Wire):
    filters = [(OWN + str(number), 1) for number in range(9)]
    assert online.ask(subscribe(7, *filters)) == b"\x90\x0b\x00\x07" + b"\x01" * 8 + b"\x80"
    reason = f"more than 8 filters in one SUBSCRIBE: {OWN}8"
    assert _reasons(platform, "subscribe_refused") == [reason]


def test_subscription_101_is_refused_but_renewal_is_granted(platform: Platform, online: Wire):
    for first in range(0, 100, 5):
        some = [(OWN + str(number), 0) for number in range(first, first + 5)]
        assert online.ask(subscribe(1, *some)) == b"\x90\x07\x00\x01" + bytes(5)
    one_more = online.ask(subscribe(2, (OWN + "100", 0), (OWN + "7", 1)))
    assert one_more == b"\x90\x04\x00\x02\x80\x01"
    reason = f"100 subscriptions are in use: {OWN}100"
    assert _reasons(platform, "subscribe_refused") == [reason]


def test_rates_are_unlimited_by_default(platform: Platform, party: Party):
    for _ in range(6):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in()) == ACCEPTED
            wire.send(*(publish(OWN + "a", b"x") for _ in range(31)), PING)
            assert wire.read() == PONG
    assert platform.events(kind="throttled") == []


def test_the_sixth_connect_of_a_minute_is_refused(throttled: Platform, clock: ManualClock):
    party = _party(throttled)
    for packet in (party.register(), *[party.log_in()] * 4):
        with Wire.tls(throttled) as wire:
            assert wire.ask(packet) == ACCEPTED
    with Wire.tls(throttled) as wire:
        assert wire.ask(party.log_in()) == refused(3)
    event = throttled.expect("login_refused", timeout=0)
    assert (event.code, event.reason) == (429, "more than 5 connects in a minute")
    clock.advance(60)
    with _online(throttled):
        pass


def test_setting_ends_throttled_connect_without_connack(make_platform, clock: ManualClock):
    settings = Settings(rates="documented", connects_a_minute=0, throttled_connect=None)
    platform = make_platform(clock=clock, settings=settings)
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == b""


@pytest.mark.parametrize(("qos", "limit"), [(0, 30), (1, 10)])
def test_message_above_the_rate_is_dropped_and_logged(
    throttled: Platform, clock: ManualClock, qos: int, limit: int
):
    message = publish(OWN + "a", b"x", qos=qos, packet_id=9)
    with _online(throttled) as wire:
        wire.send(*[message] * (limit + 1), PING)
        for _ in range(limit * qos):
            assert wire.read() == b"\x40\x02\x00\x09"
        assert wire.read() == PONG  # No PUBACK for the one that was dropped.
        assert len(throttled.events(kind="published")) == limit
        event = throttled.expect("throttled", timeout=0)
        assert event.code == 429
        assert event.reason == f"more than {limit} messages at QoS {qos} in a second"
        clock.advance(1)
        wire.ask(message, PING)
        assert len(throttled.events(kind="published")) == limit + 1


def test_a_dropped_message_may_be_acknowledged(make_platform, clock: ManualClock):
    settings = Settings(rates="documented", qos1_a_second=0, throttled_puback=True)
    platform = make_platform(clock=clock, settings=settings)
    platform.console.create_product(key="a1B2c3D4e5F")
    platform.console.add_device("a1B2c3D4e5F", "esp32-240AC4A1B2C3")
    with _online(platform) as wire:
        assert wire.ask(publish(OWN + "a", b"x", qos=1, packet_id=9)) == b"\x40\x02\x00\x09"
    assert platform.events(kind="published") == []


def test_a_megabyte_a_second_goes_up(throttled: Platform):
    with _online(throttled) as wire:
        wire.send(*[publish(OWN + "a", bytes(262144))] * 5, PING)
        assert wire.read() == PONG
    assert len(throttled.events(kind="published")) == 4
    assert _reasons(throttled, "throttled") == ["more than 1048576 bytes in a second"]


def test_twenty_requests_of_a_shadow_a_second(throttled: Platform):
    topic = "/shadow/update/a1B2c3D4e5F/esp32-240AC4A1B2C3"
    with _online(throttled) as wire:
        wire.send(*[publish(topic, b'{"method":"get"}')] * 21, PING)
        for _ in range(20):
            assert wire.read_publish()[0].startswith("/shadow/get/")
        assert wire.read() == PONG
    assert _reasons(throttled, "throttled") == ["more than 20 requests of the shadow in a second"]


def test_fifty_messages_a_second_go_down(throttled: Platform, clock: ManualClock):
    topic = "/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/service/x"
    with _online(throttled) as wire:
        for _ in range(51):
            throttled.cloud.send("a1B2c3D4e5F", "esp32-240AC4A1B2C3", topic, b"{}")
        for _ in range(50):
            assert wire.read() == publish(topic, b"{}")
        assert wire.ask(PING) == PONG
        assert _reasons(throttled, "throttled") == ["more than 50 messages down in a second"]
        clock.advance(1)
        throttled.cloud.send("a1B2c3D4e5F", "esp32-240AC4A1B2C3", topic, b"{}")
        assert wire.read() == publish(topic, b"{}")


SHADOW = "/shadow/update/a1B2c3D4e5F/esp32-240AC4A1B2C3"
GET = publish(SHADOW, b'{"method":"get"}')


@pytest.mark.parametrize(
    ("setting", "allowed", "kind", "reason"),
    [
        ({"max_topic": 38}, publish(OWN + "a", b"x"), "", ""),
        (
            {"max_topic": 38},
            publish(OWN + "ab", b"x"),
            "publish_refused",
            "a topic of 39 bytes; up to 38 go",
        ),
        (
            {"max_slashes": 3},
            publish(OWN + "a", b"x"),
            "publish_refused",
            "a topic of 4 slashes; up to 3 go",
        ),
        ({"qos0_a_second": 2}, publish(OWN + "a", b"x") * 2, "", ""),
        (
            {"qos0_a_second": 1},
            publish(OWN + "a", b"x") * 2,
            "throttled",
            "more than 1 messages at QoS 0 in a second",
        ),
        (
            {"up_bytes_a_second": 3},
            publish(OWN + "a", b"four"),
            "throttled",
            "more than 3 bytes in a second",
        ),
        (
            {"shadow_a_second": 0},
            GET,
            "throttled",
            "more than 0 requests of the shadow in a second",
        ),
        ({"down_a_second": 0}, GET, "throttled", "more than 0 messages down in a second"),
        (
            {"max_filters": 1},
            subscribe(1, (OWN + "a", 0), (OWN + "b", 0)),
            "subscribe_refused",
            f"more than 1 filters in one SUBSCRIBE: {OWN}b",
        ),
        (
            {"max_subscriptions": 1},
            subscribe(1, (OWN + "a", 0), (OWN + "b", 0)),
            "subscribe_refused",
            f"1 subscriptions are in use: {OWN}b",
        ),
        (
            {"max_payload": 3},
            publish(OWN + "a", b"four"),
            "protocol_error",
            "4 bytes; a payload has up to 3",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_each_limit_is_configurable_and_logged(
    make_platform: Callable[..., Platform],
    clock: ManualClock,
    setting: dict[str, Any],
    allowed: bytes,
    kind: str,
    reason: str,
):
    platform = make_platform(clock=clock, settings=Settings(rates="documented", **setting))
    platform.console.create_product(key="a1B2c3D4e5F")
    platform.console.add_device("a1B2c3D4e5F", "esp32-240AC4A1B2C3")
    with _online(platform) as wire:
        wire.send(allowed, PING)
        while wire.read() not in (PONG, b""):
            pass
    refusals = ("publish_refused", "throttled", "subscribe_refused", "protocol_error")
    assert [event.kind for event in platform.events() if event.kind in refusals] == [kind] * bool(
        kind
    )
    assert not kind or _reasons(platform, kind) == [reason]


def test_the_longest_client_id_is_a_number(make_platform: Callable[..., Platform]):
    platform = make_platform(settings=Settings(max_client_id=42))
    product = platform.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(extra=",")) == ACCEPTED
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(extra=",,")) == refused(2)
    reason = platform.expect("login_refused", timeout=0).reason
    assert reason == "client id of 43 bytes; up to 42 go"
