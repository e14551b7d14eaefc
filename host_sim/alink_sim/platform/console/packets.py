"""Packets as a person reads them: bytes in, topics and text out, with secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from alink_sim.platform.mqtt import framing
from alink_sim.platform.mqtt.framing import Packet
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError
from alink_sim.platform.state.packet_trace import Crossing

_NAMES = {
    0: "HTTPS",
    1: "CONNECT",
    2: "CONNACK",
    3: "PUBLISH",
    4: "PUBACK",
    8: "SUBSCRIBE",
    9: "SUBACK",
    10: "UNSUBSCRIBE",
    11: "UNSUBACK",
    12: "PINGREQ",
    13: "PINGRESP",
    14: "DISCONNECT",
}
_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _DISCONNECT = 1, 2, 3, 8, 14
_MASK = "***"
_LONGEST_SECRET = 64  # Characters.


@dataclass(frozen=True)
class ShownPacket:
    """One packet; `text` is its payload or its fields, `code` a CONNACK's or DISCONNECT's."""

    time: float
    is_up: bool
    kind: str
    size: int
    topic: str = ""
    qos: int = 0
    text: str = ""
    code: int | None = None


def packets(crossing: Crossing, hide: Callable[[str], str]) -> Iterator[ShownPacket]:
    """Yield the packets of recorded bytes; `hide` masks the secrets of the platform in a text."""
    if crossing.is_up or crossing.connection.via == "https":
        yield _shown(crossing, crossing.first_byte, crossing.data, crossing.size, hide)
        return
    data, left = crossing.data, crossing.size
    while data:
        size, at = 0, 1
        while at < len(data) and at < 5:
            size |= (data[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if data[at - 1] < 0x80:
                break
        yield _shown(crossing, data[0], data[at : at + size], size, hide)
        left -= at + size
        data = data[at + size :] if left > 0 else b""


def _shown(
    crossing: Crossing, first: int, body: bytes, size: int, hide: Callable[[str], str]
) -> ShownPacket:
    kind = first >> 4
    if crossing.connection.via == "https":
        body = body if crossing.is_up else crossing.data
        text = _form(body) if crossing.is_up else body.decode(errors="replace")
        return ShownPacket(crossing.time, crossing.is_up, "HTTPS", len(body), text=hide(text))
    level = crossing.connection.level
    topic, qos, text, code = "", 0, "", None
    try:
        if kind == _CONNECT:
            connect = framing.decode_connect(Packet(kind, first & 15, body))
            text = f"{connect.client_id} · {connect.user_name} · {_MASK}"
            text += f" · keepalive {connect.keepalive} s"
        elif kind == _CONNACK and len(body) > 1:
            code = body[1]
        elif kind == _DISCONNECT and body:
            code = body[0]
        elif kind == _PUBLISH:
            message = framing.decode_publish(Packet(kind, first & 15, body), level=level)
            topic, qos = message.topic, message.qos
            is_cut = size > len(body)
            size -= len(body) - len(message.payload)
            text = _payload(message.payload, is_cut=is_cut)
        elif kind == _SUBSCRIBE:
            filters = framing.decode_subscribe(Packet(kind, first & 15, body), level=level)[1]
            text = ", ".join(f"{name} (QoS {options & 3})" for name, options in filters)
    except (ProtocolViolationError, ValueError, IndexError):
        text = body.hex(" ")
    return ShownPacket(
        crossing.time,
        crossing.is_up,
        _NAMES.get(kind, str(kind)),
        max(size, 0),
        topic,
        qos,
        hide(text),
        code,
    )


def _form(body: bytes) -> str:
    """Return a registration's form with its signature masked."""
    pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return urlencode(
        [(name, _MASK if name == "sign" else value) for name, value in pairs], safe="*"
    )


def _payload(payload: bytes, *, is_cut: bool) -> str:
    """Return a payload as text; the end of a cut one goes: half a secret cannot be masked."""
    if is_cut:
        return payload[:-_LONGEST_SECRET].decode(errors="replace") + " …"
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload.hex(" ")
