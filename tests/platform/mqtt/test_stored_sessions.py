"""MQTT 3.1.1 without Clean Session: subscriptions and messages wait for the device."""

from __future__ import annotations

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.wire import ACCEPTED, Party, Wire, packet, subscribe, text

DAY = 24 * 3600
PRESENT = packet(0x20, b"\x01\0")
PING, PONG = b"\xc0\0", b"\xd0\0"


@pytest.fixture
def get(party: Party) -> str:
    return f"/{party.product.key}/{party.name}/user/get"


def log_in(party: Party, *, is_clean: bool = False, is_older: bool = False) -> bytes:
    made = party.log_in()
    if not is_clean:
        made = made.replace(text("MQTT") + b"\x04\xc2", text("MQTT") + b"\x04\xc0")
    if is_older:  # MQTT 3.1, two bytes longer.
        made = made.replace(text("MQTT") + b"\x04", text("MQIsdp") + b"\x03")
        made = packet(0x10, made[made.index(text("MQIsdp")) :])
    return made


def send(platform: Platform, party: Party, topic: str, payload: bytes, qos: int = 1) -> None:
    platform.cloud.send(party.product.key, party.name, topic, payload, qos=qos)


def away(platform: Platform, party: Party, get: str, *, is_clean: bool = False) -> None:
    """Subscribe in a session, and leave."""
    with Wire.tls(platform) as wire:
        wire.ask(log_in(party, is_clean=is_clean))
        wire.ask(subscribe(1, (get, 1)))
        wire.send(b"\xe0\0")
        assert wire.read() == b""


def back(platform: Platform, connect: bytes) -> tuple[bytes, list[bytes]]:
    """Log in and leave; return CONNACK and the last byte of each message that came."""
    with Wire.tls(platform) as wire:
        answer = wire.ask(connect)
        wire.send(PING)
        came = list(iter(wire.read, PONG))
        wire.send(*(packet(0x40, one[-3:-1]) for one in came if one[0] & 2), b"\xe0\0")
        assert wire.read() == b""
    return answer, [one[-1:] for one in came]


def test_session_brings_messages_of_its_absence(platform: Platform, party: Party, get: str):
    away(platform, party, get)
    for payload, qos in ((b"1", 1), (b"0", 0), (b"2", 1)):
        send(platform, party, get, payload, qos)
    send(platform, party, get + "/other", b"x")
    assert back(platform, log_in(party)) == (PRESENT, [b"1", b"2"])
    # It acknowledged them, and its subscription holds.
    send(platform, party, get, b"3")
    assert back(platform, log_in(party)) == (PRESENT, [b"3"])


def test_clean_session_forgets_and_keeps_nothing(platform: Platform, party: Party, get: str):
    away(platform, party, get)
    send(platform, party, get, b"1")
    assert back(platform, log_in(party, is_clean=True)) == (ACCEPTED, [])
    away(platform, party, get, is_clean=True)
    send(platform, party, get, b"2")
    assert back(platform, log_in(party)) == (ACCEPTED, [])


@pytest.mark.parametrize(("seconds", "answer"), [(7 * DAY - 1, PRESENT), (7 * DAY, ACCEPTED)])
def test_session_is_stored_for_a_week(
    platform: Platform, clock: ManualClock, party: Party, get: str, seconds: int, answer: bytes
):
    away(platform, party, get)
    clock.advance(seconds)
    assert back(platform, log_in(party))[0] == answer


def test_unacknowledged_message_comes_again(platform: Platform, party: Party, get: str):
    away(platform, party, get)
    with Wire.tls(platform) as wire:
        assert wire.ask(log_in(party)) == PRESENT
        send(platform, party, get, b"1")
        assert wire.read()[-1:] == b"1"
    platform.expect("offline", device_name=party.name)
    assert back(platform, log_in(party)) == (PRESENT, [b"1"])


def test_older_mqtt_has_no_session_present(platform: Platform, party: Party, get: str):
    away(platform, party, get)
    send(platform, party, get, b"1")
    assert back(platform, log_in(party, is_older=True)) == (ACCEPTED, [b"1"])
