"""MQTT packets on the server's side: bytes in, packets out, and back, of 3.1, 3.1.1 and 5.

Written from the OASIS specifications; it does not interpret topics. `level` is the protocol level
of the CONNECT: 3, 4 or 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from alink_sim.platform.mqtt import properties
from alink_sim.platform.mqtt.packet_reader import PacketReader, ProtocolViolationError
from alink_sim.platform.mqtt.properties import Properties
from alink_sim.platform.state.mqtt_reason import Reason

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE = 1, 3, 4, 8, 10
PINGREQ, DISCONNECT = 12, 14
LEVELS = (3, 4, 5)
_WILL = 0  # The owner of a will's properties.

_MAX_FILTERS = 256  # Of one packet; a packet has room for 65,000.

PINGRESP = b"\xd0\x00"


@dataclass(frozen=True)
class Packet:
    """One packet: its type (1..14), the four flag bits, and the rest."""

    kind: int
    flags: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Will:
    """A message that the platform publishes once the client is lost."""

    topic: str
    payload: bytes = field(repr=False)
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class Connect:
    """A CONNECT. `level` is one of LEVELS or another number; `keepalive` in seconds.

    `clean_session` is Clean Start in MQTT 5.
    """

    level: int
    clean_session: bool = True
    keepalive: int = 0
    client_id: str = ""
    user_name: str = ""
    has_will: bool = False
    password: str = field(repr=False, default="")
    will: Will | None = None  # In MQTT 5.
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class Publish:
    """A PUBLISH; `packet_id` is 0 at QoS 0, `topic` "" where an alias stands for it."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=dict)


class Decoder:
    """Collects bytes and gives out whole packets."""

    def __init__(self, *, max_packet: int) -> None:
        self.max_packet = max_packet
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that are complete now. Raises ProtocolViolationError."""
        self._buffer += data
        while (measured := self._measure()) is not None:
            start, end = measured
            if len(self._buffer) < end:
                return
            first = self._buffer[0]
            body = bytes(self._buffer[start:end])
            del self._buffer[:end]
            yield Packet(kind=first >> 4, flags=first & 15, body=body)

    def _measure(self) -> tuple[int, int] | None:
        size = 0
        for at in range(1, 5):
            if at >= len(self._buffer):
                return None
            size |= (self._buffer[at] & 0x7F) << 7 * (at - 1)
            if self._buffer[at] < 0x80:
                if size > self.max_packet:
                    raise ProtocolViolationError(
                        f"a packet of {size} bytes is too long", Reason.PACKET_TOO_LARGE
                    )
                return at + 1, at + 1 + size
        raise ProtocolViolationError("a packet's length has more than four bytes")


def level_of(packet: Packet) -> int:
    """Return the protocol level of a CONNECT. Raises ProtocolViolationError."""
    return _preface(PacketReader(packet.body))


def decode_connect(packet: Packet) -> Connect:
    """Take a CONNECT apart, up to its level if that is unknown. Raises ProtocolViolationError."""
    read = PacketReader(packet.body)
    level = _preface(read)
    if level not in LEVELS:
        return Connect(level=level)
    flags, keepalive = read.unpack(">BH")
    if flags & 1:
        raise ProtocolViolationError("the reserved CONNECT flag is set")
    found = _properties(read, CONNECT, level)
    client_id = read.text()
    will = None
    if flags & 4:
        wanted = _properties(read, _WILL, level)
        will = Will(read.text(), read.data(), wanted)
        _check_will(level, flags)
    user_name = read.text() if flags & 0x80 else ""
    password = read.text() if flags & 0x40 else ""
    return Connect(
        level=level,
        clean_session=bool(flags & 2),
        keepalive=keepalive,
        client_id=client_id,
        user_name=user_name,
        has_will=bool(flags & 4),
        password=password,
        properties=found,
        will=will if level >= 5 else None,
    )


def decode_publish(packet: Packet, *, level: int = 4) -> Publish:
    """Take a PUBLISH apart. Raises ProtocolViolationError."""
    read = PacketReader(packet.body)
    topic = read.text()
    qos = packet.flags >> 1 & 3
    if qos == 3:
        raise ProtocolViolationError("a PUBLISH has QoS 3")
    packet_id = read.unpack(">H")[0] if qos else 0
    if qos and not packet_id:
        raise ProtocolViolationError("a PUBLISH has packet id 0", Reason.PROTOCOL_ERROR)
    found = _properties(read, PUBLISH, level)
    if (not topic and "topic_alias" not in found) or "+" in topic or "#" in topic:
        raise ProtocolViolationError(
            "a PUBLISH topic is empty or holds a wildcard", Reason.TOPIC_NAME_INVALID
        )
    return Publish(
        topic=topic,
        payload=read.rest(),
        qos=qos,
        packet_id=packet_id,
        retain=bool(packet.flags & 1),
        properties=found,
    )


def decode_subscribe(packet: Packet, *, level: int = 4) -> tuple[int, list[tuple[str, int]]]:
    """Return packet id and (filter, options) pairs of a SUBSCRIBE.

    The two low bits of the options are the QoS; MQTT 3.1.1 has no others. Raises
    ProtocolViolationError.
    """
    packet_id, read = _acknowledged(packet)
    if "subscription_identifier" in _properties(read, SUBSCRIBE, level):
        raise ProtocolViolationError(
            "subscription identifiers are not supported", Reason.PROTOCOL_ERROR
        )
    filters = []
    while read.left():
        topic_filter = read.text()
        options = read.unpack(">B")[0]
        if options & 3 == 3 or (level < 5 and options > 2):
            raise ProtocolViolationError("a SUBSCRIBE asks for more than QoS 2")
        if options & 0xC0 or options & 0x30 == 0x30:
            raise ProtocolViolationError("reserved options of a SUBSCRIBE are set")
        filters.append((topic_filter, options))
        _check_count(filters)
    if not filters:
        raise ProtocolViolationError("a SUBSCRIBE has no filter", Reason.PROTOCOL_ERROR)
    return packet_id, filters


def decode_unsubscribe(packet: Packet, *, level: int = 4) -> tuple[int, list[str]]:
    """Return packet id and filters of an UNSUBSCRIBE. Raises ProtocolViolationError."""
    packet_id, read = _acknowledged(packet)
    _properties(read, UNSUBSCRIBE, level)
    filters = []
    while read.left():
        filters.append(read.text())
        _check_count(filters)
    if not filters:
        raise ProtocolViolationError("an UNSUBSCRIBE has no filter", Reason.PROTOCOL_ERROR)
    return packet_id, filters


def decode_puback(packet: Packet, *, level: int = 4) -> int:
    """Return the packet id of a PUBACK. Raises ProtocolViolationError."""
    read = PacketReader(packet.body)
    packet_id = read.unpack(">H")[0]
    _reason(read, PUBACK, level)
    return packet_id


def decode_disconnect(packet: Packet, *, level: int = 4) -> tuple[int, Properties]:
    """Return reason code and properties of a DISCONNECT. Raises ProtocolViolationError."""
    return _reason(PacketReader(packet.body), DISCONNECT, level)


def connack(
    code: int, found: Mapping[str, Any] | None = None, *, session_present: bool = False
) -> bytes:
    """Return a CONNACK; with properties, also with none, it is of MQTT 5."""
    return framed(0x20, bytes((session_present, code)) + _written(found))


def puback(packet_id: int, code: int = 0, found: Mapping[str, Any] | None = None) -> bytes:
    """Return a PUBACK; its code, and properties, are of MQTT 5."""
    # MQTT 5, 3.4.2.1: success without properties may be left out.
    tail = bytes((code,)) + _written(found) if code else b""
    return framed(0x40, struct.pack(">H", packet_id) + tail)


def suback(packet_id: int, codes: Sequence[int], found: Mapping[str, Any] | None = None) -> bytes:
    """Return a SUBACK with a code for each filter; one from 0x80 on refuses."""
    return framed(0x90, struct.pack(">H", packet_id) + _written(found) + bytes(codes))


def unsuback(
    packet_id: int, codes: Sequence[int] = (), found: Mapping[str, Any] | None = None
) -> bytes:
    """Return an UNSUBACK; codes, one for each filter, are of MQTT 5."""
    return framed(0xB0, struct.pack(">H", packet_id) + _written(found) + bytes(codes))


def disconnect(code: int, found: Mapping[str, Any]) -> bytes:
    """Return a DISCONNECT from the server, which MQTT 5 has."""
    return framed(0xE0, bytes((code,)) + _written(found))


def publish(
    topic: str,
    payload: bytes,
    *,
    qos: int = 0,
    packet_id: int = 0,
    retain: bool = False,
    found: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a PUBLISH; with properties, also with none, it is of MQTT 5."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name
    if qos:
        body += struct.pack(">H", packet_id)
    return framed(0x30 | qos << 1 | retain, body + _written(found) + payload)


def _check_will(level: int, flags: int) -> None:
    """Raise ProtocolViolationError for a will that MQTT 5 does not take here."""
    if level >= 5 and flags & 0x18 > 0x08:
        raise ProtocolViolationError("the QoS of the will is above 1", Reason.QOS_NOT_SUPPORTED)


def _preface(read: PacketReader) -> int:
    name = read.text()
    level = read.unpack(">B")[0]
    if name not in ("MQTT", "MQIsdp"):
        raise ProtocolViolationError(f"the protocol name is {name!r}")
    return level


def _properties(read: PacketReader, packet: int, level: int) -> Properties:
    return properties.read(read, packet) if level >= 5 else {}


def _reason(read: PacketReader, packet: int, level: int) -> tuple[int, Properties]:
    """Return the reason code and properties at the end of a packet that may leave both out."""
    if level < 5 or not read.left():
        return 0, {}
    code = read.unpack(">B")[0]
    return code, properties.read(read, packet) if read.left() else {}


def _written(found: Mapping[str, Any] | None) -> bytes:
    return b"" if found is None else properties.written(found)


def _check_count(filters: Sized) -> None:
    if len(filters) > _MAX_FILTERS:
        raise ProtocolViolationError(f"a packet has more than {_MAX_FILTERS} filters")


def _acknowledged(packet: Packet) -> tuple[int, PacketReader]:
    if packet.flags != 2:
        raise ProtocolViolationError("reserved flags of a SUBSCRIBE or UNSUBSCRIBE are not 2")
    read = PacketReader(packet.body)
    packet_id: int = read.unpack(">H")[0]
    if not packet_id:
        raise ProtocolViolationError("a SUBSCRIBE or UNSUBSCRIBE has packet id 0")
    return packet_id, read


def framed(first: int, body: bytes) -> bytes:
    """Return a packet of its first byte and its body."""
    return bytes((first,)) + properties.length(len(body)) + body
