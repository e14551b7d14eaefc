"""MQTT packets as literal bytes, both ways, through truncation and byte by byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.platform.mqtt import framing
from alink_sim.platform.mqtt.framing import Packet
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError

CONNECT = bytes.fromhex(
    "10 29 0004 4d515454 04 c2 003c"
    "0007 636c69656e747c"  # "client|"
    "0006 646576267078"  # "dev&px"
    "000c 303132333435363738396162"
)
PUBLISH = bytes.fromhex("32 0a 0004 2f612f62 1234 6869")
SUBSCRIBE = bytes.fromhex("82 0e 0001 0002 2f61 01 0004 2f622f23 00")
UNSUBSCRIBE = bytes.fromhex("a2 06 0002 0002 2f61")


def packets(data: bytes, *, max_packet: int = 1000) -> list[Packet]:
    return list(framing.Decoder(max_packet=max_packet).feed(data))


def test_connect_is_decoded():
    (packet,) = packets(CONNECT)
    assert packet.kind == framing.CONNECT
    assert framing.decode_connect(packet) == framing.Connect(
        level=4,
        clean_session=True,
        keepalive=60,
        client_id="client|",
        user_name="dev&px",
        has_will=False,
        password="0123456789ab",
    )


def test_connect_of_mqtt_31_with_persistent_session_decodes():
    body = bytes.fromhex("0006 4d5149736470 03 00 0001 0001 61")
    connect = framing.decode_connect(Packet(framing.CONNECT, 0, body))
    assert (connect.level, connect.clean_session, connect.client_id) == (3, False, "a")


def test_connect_with_will_decodes_user_and_password():
    body = bytes.fromhex("0004 4d515454 04 c6 003c 0001 63 0001 74 0002 ff00 0001 75 0001 70")
    connect = framing.decode_connect(Packet(framing.CONNECT, 0, body))
    assert (connect.has_will, connect.user_name, connect.password) == (True, "u", "p")


def test_connect_of_unknown_level_decodes_only_the_level():
    body = bytes.fromhex("0004 4d515454 06 c2 003c 00 ffff")
    assert framing.decode_connect(Packet(framing.CONNECT, 0, body)).level == 6


def test_password_is_in_no_repr():
    (packet,) = packets(CONNECT)
    assert "0123456789ab" not in repr(packet) + repr(framing.decode_connect(packet))


def test_publish_is_decoded():
    (packet,) = packets(PUBLISH)
    expected = framing.Publish(topic="/a/b", payload=b"hi", qos=1, packet_id=0x1234)
    assert framing.decode_publish(packet) == expected


def test_subscribe_is_decoded():
    (packet,) = packets(SUBSCRIBE)
    assert framing.decode_subscribe(packet) == (1, [("/a", 1), ("/b/#", 0)])


def test_unsubscribe_is_decoded():
    (packet,) = packets(UNSUBSCRIBE)
    assert framing.decode_unsubscribe(packet) == (2, ["/a"])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (framing.connack(4), "20 02 00 04"),
        (framing.puback(0x1234), "40 02 12 34"),
        (framing.suback(1, [0, 1, 0x80]), "90 05 0001 00 01 80"),
        (framing.unsuback(2), "b0 02 00 02"),
        (framing.PINGRESP, "d0 00"),
        (framing.publish("/a/b", b"hi"), "30 08 0004 2f612f62 6869"),
        (framing.publish("/a/b", b"hi", qos=1, packet_id=0x1234), "32 0a 0004 2f612f62 1234 6869"),
    ],
)
def test_packets_are_encoded_byte_for_byte(made, expected):
    assert made == bytes.fromhex(expected)


@pytest.mark.parametrize(
    ("size", "length"),
    [(127 - 3, "7f"), (128 - 3, "8001"), (16383 - 3, "ff7f"), (16384, "838001")],
)
def test_length_takes_as_many_bytes_as_it_needs(size, length):
    made = framing.publish("t", b"x" * size)
    assert made.startswith(b"\x30" + bytes.fromhex(length) + b"\x00\x01t")
    (packet,) = packets(made, max_packet=20000)
    assert framing.decode_publish(packet).payload == b"x" * size


@pytest.mark.parametrize("whole", [CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE])
def test_decoder_yields_packet_after_its_last_byte(whole):
    decoder = framing.Decoder(max_packet=1000)
    for number in whole[:-1]:
        assert list(decoder.feed(bytes((number,)))) == []
    assert [one.kind for one in decoder.feed(whole[-1:])] == [whole[0] >> 4]


def test_packets_that_come_together_come_out_in_order():
    assert [one.kind for one in packets(CONNECT + PUBLISH + b"\xc0\x00")] == [1, 3, 12]


DECODERS = [
    (CONNECT, framing.decode_connect),
    (PUBLISH, framing.decode_publish),
    (SUBSCRIBE, framing.decode_subscribe),
    (UNSUBSCRIBE, framing.decode_unsubscribe),
]


@pytest.mark.parametrize(("whole", "decode"), DECODERS)
def test_truncated_body_is_refused_or_ends_between_elements(whole, decode):
    (packet,) = packets(whole)
    for size in range(len(packet.body)):
        cut = Packet(packet.kind, packet.flags, packet.body[:size])
        try:
            decode(cut)
        except ProtocolViolationError:
            continue
        # A payload and a list of filters may end anywhere between their elements.
        assert (packet.kind == framing.PUBLISH and size >= 8) or (
            packet.kind == framing.SUBSCRIBE and size == 7
        )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("10 06 0000 04 c2 003c", "protocol name"),
        ("10 0c 0004 4d515454 04 c3 003c 0000", "reserved CONNECT flag"),
        ("36 05 0001 61 0001", "QoS 3"),
        ("32 05 0001 61 0000", "packet id 0"),
        ("30 02 0000", "wildcard"),
        ("30 03 0001 23", "wildcard"),
        ("30 03 0001 ff", "UTF-8"),
        ("30 03 0001 00", "NUL"),
        ("80 05 0001 0001 61", "flags"),
        ("82 06 0000 0001 61 00", "packet id 0"),
        ("82 06 0001 0001 61 03", "QoS 2"),
        ("82 02 0001", "no filter"),
        ("a2 02 0001", "no filter"),
    ],
)
def test_protocol_violation_names_the_broken_rule(wrong, says):
    decode: dict[int, Callable[[Packet], object]] = {
        1: framing.decode_connect,
        3: framing.decode_publish,
        8: framing.decode_subscribe,
        10: framing.decode_unsubscribe,
    }
    (packet,) = packets(bytes.fromhex(wrong))
    with pytest.raises(ProtocolViolationError, match=says):
        decode[packet.kind](packet)


def test_a_length_of_five_bytes_is_refused():
    with pytest.raises(ProtocolViolationError, match="four bytes"):
        packets(b"\x30\xff\xff\xff\xff\x01", max_packet=1 << 30)


def test_too_long_packet_is_refused_from_its_header():
    with pytest.raises(ProtocolViolationError, match="1001 bytes"):
        packets(b"\x30\xe9\x07")
