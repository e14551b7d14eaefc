"""MQTT 5 for the bare client of tests: packets as bytes, written from the OASIS specification."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from alink_sim.platform.mqtt import properties
from alink_sim.platform.mqtt.packet_reader import PacketReader
from tests.platform.wire import Party, Wire, packet, text

# The CONNACK of a login with keepalive 60: flags, reason code, and the properties.
ACCEPTED = bytes.fromhex(
    "20 1d 00 00 1a"
    "11 00000000"  # Session Expiry Interval: as asked for, or 0
    "24 01"  # Maximum QoS
    "25 01"  # Retain Available
    "27 00040000"  # Maximum Packet Size: 256 KB
    "22 0014"  # Topic Alias Maximum: 20
    "28 01"  # Wildcard Subscription Available
    "29 00"  # Subscription Identifiers Available
    "2a 01"  # Shared Subscription Available
    "13 003c"  # Server Keep Alive
)


def pair(key: str, value: str) -> bytes:
    """Return a user property."""
    return b"\x26" + text(key) + text(value)


def sized(found: bytes) -> bytes:
    """Return properties behind their length, a variable byte integer."""
    return packet(0, found)[1:]


def log_in(party: Party, found: bytes = b"", *, flags: int = 0xC2, keepalive: int = 60) -> bytes:
    """Return the CONNECT of a login with these properties."""
    body = packet_body(party.log_in(keepalive=keepalive))
    head = body[:6] + bytes((5, flags)) + body[8:10]
    return packet(0x10, head + sized(found) + body[10:])


def packet_body(whole: bytes) -> bytes:
    """Return what stands behind the length of a packet."""
    at = 1
    while whole[at] & 0x80:
        at += 1
    return whole[at + 1 :]


def publish(
    topic: str, payload: bytes, found: bytes = b"", *, packet_id: int = 0, first: int = 0x30
) -> bytes:
    """Return a PUBLISH, at QoS 1 with a packet id."""
    number = struct.pack(">H", packet_id) if packet_id else b""
    first |= 2 if packet_id else 0
    return packet(first, text(topic) + number + sized(found) + payload)


def subscribe(packet_id: int, *filters: tuple[str, int], found: bytes = b"") -> bytes:
    """Return a SUBSCRIBE of filters with their options."""
    body = b"".join(text(one) + bytes((options,)) for one, options in filters)
    return packet(0x82, struct.pack(">H", packet_id) + sized(found) + body)


def unsubscribe(packet_id: int, filters: Iterable[str]) -> bytes:
    """Return an UNSUBSCRIBE."""
    body = b"".join(text(one) for one in filters)
    return packet(0xA2, struct.pack(">H", packet_id) + b"\0" + body)


def reason_of(got: bytes) -> int:
    """Return the reason code of a CONNACK, PUBACK or DISCONNECT, 0 where it is left out."""
    body = packet_body(got)
    at = {2: 1, 4: 2, 14: 0}[got[0] >> 4]
    return body[at] if len(body) > at else 0


class Received(NamedTuple):
    """A PUBLISH from the platform; `found` are its properties by name."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int
    found: dict[str, object]


def received(wire: Wire) -> Received:
    """Return the PUBLISH that comes next."""
    got = wire.read()
    assert got[:1], "the end came before a PUBLISH"
    assert got[0] >> 4 == 3, f"this is no PUBLISH: {got!r}"
    reader = PacketReader(packet_body(got))
    topic = reader.text()
    qos = got[0] >> 1 & 3
    packet_id = reader.unpack(">H")[0] if qos else 0
    found = properties.read(reader, 3)
    return Received(topic, reader.rest(), qos, packet_id, found)
