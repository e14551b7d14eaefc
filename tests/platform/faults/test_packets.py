"""Scripted faults of single packets, byte for byte."""

from __future__ import annotations

import json

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault, Platform
from tests.platform.wire import ACCEPTED, Party, Wire, publish, subscribe

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
    platform.console.products()


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


def test_dribble_keeps_its_pace_and_order(platform: Platform, party: Party, clock: ManualClock):
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


def test_dribbled_connack_precedes_the_close(platform: Platform, party: Party, clock: ManualClock):
    platform.faults.add(Fault.dribble("connack", seconds=1.0))
    with Wire.tls(platform) as wire:
        wire.send(party.log_in(secret="wrong"))
        platform.expect("login_refused")
        settled(platform)
        clock.advance(3)
        assert [wire.read_part() for _ in range(5)] == [b"\x20", b"\x02", b"\x00", b"\x04", b""]


def test_a_delayed_packet_holds_up_those_behind_it(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.delay("puback", seconds=30))
    with online(platform, party) as wire:
        wire.send(post(party, packet_id=7), PING)
        platform.expect("fault")
        settled(platform)
        clock.advance(30)
        assert [wire.read(), wire.read(), wire.read()] == [
            b"\x40\x02\x00\x07",
            answer(party),
            PONG,
        ]
    assert clock.monotonic() == 30.0


def test_a_packet_sent_twice(platform: Platform, party: Party):
    platform.faults.add(Fault.duplicate("puback"))
    with online(platform, party) as wire:
        wire.send(post(party, packet_id=7))
        assert [wire.read(), wire.read()] == [b"\x40\x02\x00\x07"] * 2
        assert wire.read() == answer(party)


def test_a_packet_behind_the_one_that_follows_it(platform: Platform, party: Party):
    platform.faults.add(Fault.reorder("puback"))
    with online(platform, party) as wire:
        wire.send(post(party, packet_id=7))
        assert [wire.read(), wire.read()] == [answer(party), b"\x40\x02\x00\x07"]


def test_an_answer_pushed_twice(platform: Platform, party: Party):
    platform.faults.add(Fault.push_twice())
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        assert wire.read_publish()[0] == "/ext/register"
        assert wire.read_publish()[0] == "/ext/register"
    with online(platform, party) as wire:
        assert wire.ask(post(party), PING) == answer(party)
        assert wire.read() == PONG


def test_an_answer_pushed_ahead_of_its_connack(platform: Platform, party: Party):
    platform.faults.add(Fault.push_before_connack(), device=party.name, connection=1)
    with online(platform, party):
        pass  # The fault does not count a login.
    with Wire.tls(platform) as wire:
        wire.send(party.register("regnwl"))
        assert wire.read_publish()[0] == "/ext/regnwl"
        assert wire.read() == ACCEPTED


def test_a_message_under_a_wrong_topic(platform: Platform, party: Party):
    platform.faults.add(Fault.wrong_topic("/ext/else"))
    with online(platform, party) as wire:
        topic = f"/{party.product.key}/{party.name}/user/a"
        wire.ask(subscribe(1, (topic, 1)))
        platform.cloud.send(party.product.key, party.name, topic, b"hello", qos=1)
        assert wire.read() == b"\x32\x12\x00\x09/ext/else\x00\x01hello"


def test_a_message_larger_than_any_that_is_documented(platform: Platform, party: Party):
    platform.faults.add(Fault.oversized(), times=1)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        got = wire.read()
        assert got[:6] == b"\x30\x90\x80\x10\x00\x0d"  # 15 + 262145 = 0x10 << 14 | 0x10
        body = got[6 + 13 :]
        assert len(body) == 262_145
        assert json.loads(body)["deviceName"] == party.name


def test_a_packet_whose_length_does_not_end(platform: Platform, party: Party):
    platform.faults.add(Fault.malformed("connack"))
    with Wire.tls(platform) as wire:
        wire.send(party.log_in())
        assert wire.read_part() == b"\x20\xff\xff\xff\xff"


def test_custom_bytes_replace_a_packet(platform: Platform, party: Party):
    platform.faults.add(Fault.malformed("pingresp", data=b"\xd0\x01\x00"))
    with online(platform, party) as wire:
        assert wire.ask(PING) == b"\xd0\x01\x00"


def test_faults_on_one_connection_add_up(platform: Platform, party: Party):
    platform.faults.add(Fault.dribble("publish"))
    platform.faults.add(Fault.duplicate("puback"))
    platform.faults.add(Fault.wrong_topic("/x"))
    with online(platform, party) as wire:
        wire.send(post(party, packet_id=7))
        assert [wire.read(), wire.read()] == [b"\x40\x02\x00\x07"] * 2
        assert b"".join(wire.read_part() for _ in range(6)) == b"\x30\x6c\x00\x02/x"
