"""The properties of MQTT 5 as literal bytes, and what hostile ones do to the decoders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alink_sim.platform.mqtt import framing, properties
from alink_sim.platform.mqtt.framing import Packet
from alink_sim.platform.mqtt.packet_reader import PacketReader, ProtocolViolationError
from alink_sim.platform.state.message_properties import MessageProperties
from tests.platform.wire import text

WHOLE = {
    "payload_format": (1, "01 01"),
    "message_expiry": (60, "02 0000003c"),
    "content_type": ("a/b", "03 0003 612f62"),
    "response_topic": ("/r", "08 0002 2f72"),
    "correlation_data": (b"\0\xff", "09 0002 00ff"),
    "topic_alias": (20, "23 0014"),
    "user": ([("k", "v"), ("k", "")], "26 0001 6b 0001 76 26 0001 6b 0000"),
}
PUBLISH = 3
DECODERS: dict[int, Callable[[Packet], object]] = {
    1: framing.decode_connect,
    3: lambda packet: framing.decode_publish(packet, level=5),
    4: lambda packet: framing.decode_puback(packet, level=5),
    8: lambda packet: framing.decode_subscribe(packet, level=5),
    10: lambda packet: framing.decode_unsubscribe(packet, level=5),
    14: lambda packet: framing.decode_disconnect(packet, level=5),
}


@pytest.mark.parametrize("name", WHOLE)
def test_property_is_read_and_written_byte_for_byte(name: str):
    value, encoded = WHOLE[name]
    body = bytes.fromhex(encoded)
    whole = bytes((len(body),)) + body
    assert properties.written({name: value}) == whole
    reader = PacketReader(whole + b"payload")
    assert properties.read(reader, PUBLISH) == {name: value}
    assert reader.rest() == b"payload"


@pytest.mark.parametrize("size", [0, 127, 128, 16383, 16384, 2097152])
def test_length_is_a_variable_byte_integer(size: int):
    reader = PacketReader(properties.length(size))
    assert (reader.number(), reader.left()) == (size, False)


def test_message_properties_survive_the_wire():
    sent = MessageProperties((("k", "值"),), "/r", b"\0", "a/b", 0, 0)
    reader = PacketReader(properties.written(properties.to_send(sent)))
    assert properties.of_message(properties.read(reader, PUBLISH)) == sent
    assert properties.to_send(MessageProperties()) == {}


@settings(max_examples=60)
@given(
    kind=st.sampled_from(sorted(DECODERS)),
    parts=st.lists(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(sorted(bytes.fromhex(encoded) for _, encoded in WHOLE.values())),
            st.builds(lambda inner: bytes((len(inner),)) + inner, st.binary(max_size=40)),
            st.just(text("MQTT") + b"\x05\xc2\x00\x3c"),
            st.builds(text, st.text(max_size=4)),
        ),
        max_size=8,
    ),
)
def test_hostile_packet_is_decoded_or_refused(kind: int, parts: list[bytes]):
    flags = 2 if kind in (8, 10, 3) else 0
    with suppress(ProtocolViolationError):
        DECODERS[kind](Packet(kind, flags, b"".join(parts)))
