"""What a scripted fault does to single packets, byte for byte."""

from __future__ import annotations

import json

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault, Platform
from tests.platform.wire import ACCEPTED, Party, Wire, publish

PING, PONG = b"\xc0\x00", b"\xd0\x00"


def post(party: Party, *, packet_id: int = 0) -> bytes:
    topic = f"/sys/{party.product.key}/{party.name}/thing/event/property/post"
    body = json.dumps({"id": "1", "version": "1.0", "params": {"a": 1}}).encode()
    return publish(topic, body, qos=1 if packet_id else 0, packet_id=packet_id)


def answer(party: Party) -> bytes:
    return publish(
        f"/sys/{party.product.key}/{party.name}/thing/event/property/post_reply",
        b'{"code":200,"data":{},"id":"1","message":"success",'
        b'"method":"thing.event.property.post","version":"1.0"}',
    )


def online(platform: Platform, party: Party) -> Wire:
    wire = Wire.tls(platform)
    assert wire.ask(party.log_in()) == ACCEPTED
    return wire


def settled(platform: Platform) -> None:
    """Return once the platform's loop has done what it was at."""
    platform.products()


def test_a_lost_puback_and_nothing_else(platform: Platform, party: Party):
    platform.faults.add(Fault.drop("puback"), times=1)
    with online(platform, party) as wire:
        assert wire.ask(post(party, packet_id=7)) == answer(party)
        assert wire.ask(post(party, packet_id=8)) == b"\x40\x02\x00\x08"


def test_a_connack_that_dribbles_byte_by_byte(platform: Platform, party: Party):
    platform.faults.add(Fault.dribble("connack"))
    with Wire.tls(platform) as wire:
        wire.send(party.log_in(), PING)
        parts = [wire.read_part() for _ in range(5)]
    assert parts == [b"\x20", b"\x02", b"\x00", b"\x00", PONG]


def test_a_dribble_takes_the_time_it_was_given_and_nothing_overtakes_it(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.dribble("connack", seconds=2.0))
    with Wire.tls(platform) as wire:
        wire.send(party.log_in(), PING)
        assert wire.read_part() == b"\x20"
        settled(platform)
        for byte in (b"\x02", b"\x00", b"\x00"):
            clock.advance(2)
            assert wire.read_part() == byte
        assert wire.read_part() == PONG
    assert clock.monotonic() == 6.0


def test_what_dribbles_is_out_before_a_refused_connection_closes(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.dribble("connack", seconds=1.0))
    with Wire.tls(platform) as wire:
        wire.send(party.log_in(secret="wrong"))
        platform.expect("login_refused")
        settled(platform)
        clock.advance(3)
        assert [wire.read_part() for _ in range(5)] == [b"\x20", b"\x02", b"\x00", b"\x04", b""]
