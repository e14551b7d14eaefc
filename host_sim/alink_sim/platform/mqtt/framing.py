"""MQTT 3.1 and 3.1.1 packets on the server's side: bytes in, packets out, and back.

Written from the OASIS specification; it does not interpret topics.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sized
from dataclasses import dataclass, field

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE = 1, 3, 4, 8, 10
PINGREQ, DISCONNECT = 12, 14

_MAX_FILTERS = 256  # Of one packet; a packet has room for 65,000.

PINGRESP = b"\xd0\x00"


class ProtocolViolationError(ValueError):
    """A peer sent what the specification forbids; the text says what."""


@dataclass(frozen=True)
class Packet:
    """One packet: its type (1..14), the four flag bits, and the rest."""

    kind: int
    flags: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Connect:
    """A CONNECT. `level` is 3 (3.1), 4 (3.1.1) or another number; `keepalive` in seconds."""

    level: int
    clean_session: bool = True
    keepalive: int = 0
    client_id: str = ""
    user_name: str = ""
    has_will: bool = False
    password: str = field(repr=False, default="")


@dataclass(frozen=True)
class Publish:
    """A PUBLISH; `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 0
    packet_id: int = 0
    retain: bool = False


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
                    raise ProtocolViolationError(f"a packet of {size} bytes is too long")
                return at + 1, at + 1 + size
        raise ProtocolViolationError("a packet's length has more than four bytes")


def decode_connect(packet: Packet) -> Connect:
    """Take a CONNECT apart, up to its level if that is unknown. Raises ProtocolViolationError."""
    read = _Reader(packet.body)
    name = read.text()
    level, flags, keepalive = read.unpack(">BBH")
    if name not in ("MQTT", "MQIsdp"):
        raise ProtocolViolationError(f"the protocol name is {name!r}")
    if level not in (3, 4):
        return Connect(level=level)
    if flags & 1:
        raise ProtocolViolationError("the reserved CONNECT flag is set")
    client_id = read.text()
    if flags & 4:
        read.text()
        read.data()
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
    )


def decode_publish(packet: Packet) -> Publish:
    """Take a PUBLISH apart. Raises ProtocolViolationError."""
    read = _Reader(packet.body)
    topic = read.text()
    if not topic or "+" in topic or "#" in topic:
        raise ProtocolViolationError("a PUBLISH topic is empty or holds a wildcard")
    qos = packet.flags >> 1 & 3
    if qos == 3:
        raise ProtocolViolationError("a PUBLISH has QoS 3")
    packet_id = read.unpack(">H")[0] if qos else 0
    if qos and not packet_id:
        raise ProtocolViolationError("a PUBLISH has packet id 0")
    return Publish(
        topic=topic,
        payload=read.rest(),
        qos=qos,
        packet_id=packet_id,
        retain=bool(packet.flags & 1),
    )


def decode_subscribe(packet: Packet) -> tuple[int, list[tuple[str, int]]]:
    """Return packet id and (filter, QoS) pairs of a SUBSCRIBE. Raises ProtocolViolationError."""
    packet_id, read = _acknowledged(packet)
    filters = []
    while read.left():
        topic_filter = read.text()
        qos = read.unpack(">B")[0]
        if qos > 2:
            raise ProtocolViolationError("a SUBSCRIBE asks for more than QoS 2")
        filters.append((topic_filter, qos))
        _check_count(filters)
    if not filters:
        raise ProtocolViolationError("a SUBSCRIBE has no filter")
    return packet_id, filters


def decode_unsubscribe(packet: Packet) -> tuple[int, list[str]]:
    """Return packet id and filters of an UNSUBSCRIBE. Raises ProtocolViolationError."""
    packet_id, read = _acknowledged(packet)
    filters = []
    while read.left():
        filters.append(read.text())
        _check_count(filters)
    if not filters:
        raise ProtocolViolationError("an UNSUBSCRIBE has no filter")
    return packet_id, filters


def decode_puback(packet: Packet) -> int:
    """Return the packet id of a PUBACK. Raises ProtocolViolationError."""
    return _Reader(packet.body).unpack(">H")[0]


def connack(code: int) -> bytes:
    """Return a CONNACK without a session."""
    return bytes((0x20, 2, 0, code))


def puback(packet_id: int) -> bytes:
    """Return a PUBACK."""
    return struct.pack(">BBH", 0x40, 2, packet_id)


def suback(packet_id: int, codes: list[int]) -> bytes:
    """Return a SUBACK with a code for each filter; 0x80 refuses."""
    return framed(0x90, struct.pack(">H", packet_id) + bytes(codes))


def unsuback(packet_id: int) -> bytes:
    """Return an UNSUBACK."""
    return struct.pack(">BBH", 0xB0, 2, packet_id)


def publish(topic: str, payload: bytes, *, qos: int = 0, packet_id: int = 0) -> bytes:
    """Return a PUBLISH."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name
    if qos:
        body += struct.pack(">H", packet_id)
    return framed(0x30 | qos << 1, body + payload)


def _check_count(filters: Sized) -> None:
    if len(filters) > _MAX_FILTERS:
        raise ProtocolViolationError(f"a packet has more than {_MAX_FILTERS} filters")


def _acknowledged(packet: Packet) -> tuple[int, _Reader]:
    if packet.flags != 2:
        raise ProtocolViolationError("reserved flags of a SUBSCRIBE or UNSUBSCRIBE are not 2")
    read = _Reader(packet.body)
    packet_id: int = read.unpack(">H")[0]
    if not packet_id:
        raise ProtocolViolationError("a SUBSCRIBE or UNSUBSCRIBE has packet id 0")
    return packet_id, read


def framed(first: int, body: bytes) -> bytes:
    """Return a packet of its first byte and its body."""
    head = bytearray((first,))
    size = len(body)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class _Reader:
    """Reads fields off the front of a body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def unpack(self, form: str) -> tuple[int, ...]:
        try:
            values = struct.unpack_from(form, self._body, self._at)
        except struct.error:
            raise ProtocolViolationError("a packet ends inside a field") from None
        self._at += struct.calcsize(form)
        return values

    def data(self) -> bytes:
        size = self.unpack(">H")[0]
        if self._at + size > len(self._body):
            raise ProtocolViolationError("a packet ends inside a field")
        self._at += size
        return self._body[self._at - size : self._at]

    def text(self) -> str:
        try:
            text = self.data().decode()
        except UnicodeDecodeError:
            raise ProtocolViolationError("a text is not UTF-8") from None
        if "\0" in text:
            raise ProtocolViolationError("a text holds a NUL")
        return text

    def rest(self) -> bytes:
        return self._body[self._at :]

    def left(self) -> bool:
        return self._at < len(self._body)
