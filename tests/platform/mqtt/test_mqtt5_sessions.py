"""MQTT 5 on the wire: stored sessions, message expiry, wills, retained messages, options."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import Ask, done
from tests.platform.mqtt import wire5
from tests.platform.mqtt.wire5 import ACCEPTED, log_in, packet_body, publish, reason_of, received
from tests.platform.wire import Party, Wire, packet, text

CLEAN, KEPT = 0xC2, 0xC0  # Flags with and without Clean Start.
HOUR = b"\x11\0\0\x0e\x10"  # A Session Expiry Interval of 3600 s.
FOREVER = b"\x11\xff\xff\xff\xff"
PING, PONG = b"\xc0\0", b"\xd0\0"
NO_LOCAL, AS_PUBLISHED, IF_NEW, NEVER = 0x04, 0x08, 0x10, 0x20


@pytest.fixture
def get(party: Party) -> str:
    return f"/{party.product.key}/{party.name}/user/get"


def begun(platform: Platform, party: Party, get: str, found: bytes = HOUR) -> Wire:
    """Return a connection with a stored session that has subscribed."""
    wire = Wire.tls(platform)
    assert wire.ask(log_in(party, found, flags=KEPT))[2:4] == b"\0\0"
    wire.ask(wire5.subscribe(1, (get, 1)))
    return wire


def send(platform: Platform, party: Party, topic: str, payload: bytes, qos: int = 1) -> None:
    platform.cloud.send(party.product.key, party.name, topic, payload, qos=qos)


def until_pong(wire: Wire) -> list[tuple[int, bytes]]:
    """Return first byte and last byte of each packet that is on its way."""
    wire.send(PING)
    got: list[tuple[int, bytes]] = []
    while (one := wire.read()) != PONG:
        assert one, f"the end came after {got}"
        got.append((one[0], one[-1:]))
    return got


def back(platform: Platform, party: Party, *, flags: int = KEPT) -> tuple[bool, list[bytes]]:
    """Log in again; return whether the session was there, and its messages."""
    with Wire.tls(platform) as wire:
        got = wire.ask(log_in(party, HOUR, flags=flags))
        payloads = [data for _, data in until_pong(wire)]
        wire.send(b"\xe0\0")
        assert wire.read() == b""
    return bool(packet_body(got)[0]), payloads


def leave(wire: Wire, found: bytes = b"") -> None:
    """Say DISCONNECT, and wait for the end."""
    wire.send(packet(0xE0, b"\0" + wire5.sized(found)) if found else b"\xe0\0")
    assert wire.read() == b""
    wire.__exit__()


def test_session_brings_messages_of_its_absence(platform: Platform, party: Party, get: str):
    leave(begun(platform, party, get))
    send(platform, party, get, b"1")
    send(platform, party, get, b"0", qos=0)
    send(platform, party, get + "/other", b"x")
    send(platform, party, get, b"2")
    sent = [one.reason for one in platform.events(kind="sent")]
    assert sent == ["stored until the device is back"] * 2
    assert back(platform, party) == (True, [b"1", b"2"])
    # They were sent again, since the client did not acknowledge them.
    assert back(platform, party) == (True, [b"1", b"2"])
    assert back(platform, party, flags=CLEAN) == (False, [])
    assert back(platform, party) == (True, [])


@pytest.mark.parametrize(
    ("connect", "disconnect", "seconds", "is_there"),
    [
        (HOUR, b"", 3599, True),
        (HOUR, b"", 3600, False),
        (b"", b"", 0, False),
        (FOREVER, b"", 10**9, True),
        (HOUR, b"\x11\0\0\0\x0a", 10, False),
        (HOUR, b"\x11\0\0\0\0", 0, False),
    ],
)
def test_session_is_stored_for_its_interval(
    platform, clock: ManualClock, party, get, connect, disconnect, seconds, is_there
):
    leave(begun(platform, party, get, connect), disconnect)
    clock.advance(seconds)
    assert back(platform, party)[0] == is_there


def test_disconnect_cannot_begin_to_store(platform: Platform, party: Party, get: str):
    with begun(platform, party, get, b"") as wire:
        got = wire.ask(packet(0xE0, b"\0" + wire5.sized(HOUR)))
        assert reason_of(got) == 0x82


def test_unacknowledged_message_comes_again(platform: Platform, party: Party, get: str):
    with begun(platform, party, get) as wire:
        for payload in (b"1", b"2"):
            send(platform, party, get, payload)
        first = received(wire)
        wire.send(packet(0x40, first.packet_id.to_bytes(2)))
        assert received(wire).payload == b"2"
        assert wire.ask(PING) == PONG
    platform.expect("offline", device_name=party.name)
    assert back(platform, party) == (True, [b"2"])


def test_taken_over_session_goes_on(platform: Platform, party: Party, get: str):
    with begun(platform, party, get):
        assert back(platform, party) == (True, [])


def test_expired_message_is_not_sent(cloud: Platform, ask: Ask, clock: ManualClock):
    product = cloud.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, cloud.console.add_device(product.key, "dev-1"))
    topic = f"/{product.key}/dev-1/user/get"
    leave(begun(cloud, party, topic))
    given = {"product_key": product.key, "topic_full_name": topic, "qos": 1}
    for expiry, content in ((10, "MQ=="), (60, "Mg==")):
        done(ask("Pub", message_content=content, message_expiry_interval=expiry, **given))
    clock.advance(10)
    with Wire.tls(cloud) as wire:
        wire.ask(log_in(party, HOUR, flags=KEPT))
        got = received(wire)
        assert (got.payload, got.found) == (b"2", {"message_expiry": 50})
        assert wire.ask(PING) == PONG


# Retained messages and options


@pytest.fixture
def online(platform: Platform, party: Party) -> Iterator[Wire]:
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party)) == ACCEPTED
        yield wire


def subscribed(wire: Wire, topic: str, options: int) -> list[tuple[int, bytes]]:
    """Subscribe; return first byte and payload of what comes for that."""
    wire.ask(wire5.subscribe(9, (topic, options)))
    return until_pong(wire)


def test_retained_message_waits_for_subscribers(online: Wire, get: str):
    assert reason_of(online.ask(publish(get, b"1", packet_id=1, first=0x31))) == 0
    online.ask(publish(get, b"2", packet_id=2, first=0x31))
    assert subscribed(online, get, NEVER) == []
    assert subscribed(online, get, 0) == [(0x31, b"2")]
    assert subscribed(online, get, IF_NEW) == []
    online.ask(wire5.unsubscribe(3, [get]))
    assert subscribed(online, get, IF_NEW | 1)[0][0] & 0xF == 0x3
    online.ask(wire5.unsubscribe(4, [get]))
    online.ask(publish(get, b"", packet_id=5, first=0x31))
    assert subscribed(online, get, 0) == []


def test_cloud_retains_for_a_device_that_is_away(cloud: Platform, ask: Ask, clock: ManualClock):
    product = cloud.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, cloud.console.add_device(product.key, "dev-1"))
    topic = f"/{product.key}/dev-1/user/get"
    given = {"product_key": product.key, "topic_full_name": topic, "message_content": "MQ=="}
    done(ask("Pub", retained=True, message_expiry_interval=60, **given))
    with Wire.tls(cloud) as wire:
        wire.ask(log_in(party))
        assert subscribed(wire, topic, AS_PUBLISHED) == [(0x31, b"1")]
        done(ask("Pub", retained=True, **given))
        assert wire.read()[0] == 0x31  # Retain As Published.
        assert subscribed(wire, topic, NEVER) == []
        done(ask("Pub", retained=True, message_expiry_interval=60, **given))
        assert wire.read()[0] == 0x30
    clock.advance(60)
    with Wire.tls(cloud) as wire:
        wire.ask(log_in(party))
        assert subscribed(wire, topic, 0) == []


@pytest.mark.parametrize(("options", "hears"), [(0, True), (NO_LOCAL, False)])
def test_device_hears_itself_unless_no_local(online: Wire, get: str, options: int, hears: bool):
    online.ask(wire5.subscribe(1, (get, options)))
    online.send(publish(get, b"1"), PING)
    if hears:
        assert received(online).payload == b"1"
    assert online.read() == PONG


# Wills


def with_will(party: Party, topic: str, found: bytes = b"", *, session: bytes = b"") -> bytes:
    """Return a CONNECT with a will."""
    body = packet_body(log_in(party, session, flags=0xC4))
    client_id = text("board|securemode=2,signmethod=hmacsha256|")
    will = wire5.sized(found) + text(topic) + text("lost")
    return packet(0x10, body.replace(client_id, client_id + will))


def published(platform: Platform) -> list[str]:
    return [one.detail["topic"] for one in platform.events(kind="published")]


@pytest.mark.parametrize(
    ("farewell", "is_published"), [(b"", True), (b"\xe0\0", False), (b"\xe0\1\4", True)]
)
def test_will_is_published_unless_client_says_goodbye(
    platform, party, get, farewell, is_published
):
    with Wire.tls(platform) as wire:
        assert wire.ask(with_will(party, get)) == ACCEPTED
        if farewell:
            assert wire.ask(farewell) == b""
    platform.expect("offline", device_name=party.name)
    if is_published:
        platform.expect("published", device_name=party.name)
    assert published(platform) == [get] * is_published


@pytest.fixture
def lost(platform: Platform, party: Party, get: str) -> None:
    """A device that was lost, with a will that waits for 30 s."""
    with Wire.tls(platform) as wire:
        wire.ask(with_will(party, get, b"\x18\0\0\0\x1e", session=HOUR))
    platform.expect("offline", device_name=party.name)


@pytest.mark.usefixtures("lost")
def test_will_waits_for_its_delay(platform: Platform, clock: ManualClock, party: Party, get: str):
    clock.advance(29)
    assert published(platform) == []
    clock.advance(1)
    platform.expect("published", device_name=party.name)
    assert published(platform) == [get]


@pytest.mark.usefixtures("lost")
def test_device_that_is_back_publishes_no_will(
    platform: Platform, clock: ManualClock, party: Party
):
    with Wire.tls(platform) as wire:
        wire.ask(log_in(party))
        clock.advance(30)
        assert wire.ask(PING) == PONG
    assert published(platform) == []


def test_will_at_qos_2_is_refused(platform: Platform, party: Party, get: str):
    connect = with_will(party, get).replace(b"\5\xc4", b"\5\xd4")
    with Wire.tls(platform) as wire:
        assert reason_of(wire.ask(connect)) == 0x9B
