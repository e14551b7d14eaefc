"""The properties of MQTT 5 packets: bytes in, a dict by name out, and back (OASIS, 2.2.2)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from alink_sim.platform.mqtt.packet_reader import PacketReader, ProtocolViolationError
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason

Properties = dict[str, Any]

USER = "user"
_BYTE, _TWO, _FOUR, _NUMBER, _TEXT, _DATA, _PAIR = range(7)
_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE, _DISCONNECT, _WILL = 1, 3, 4, 8, 10, 14, 0
_FROM_CLIENT = {_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE, _DISCONNECT, _WILL}
_MOST_USER = 256  # Of one packet; a packet has room for 50,000.


class _Kind(NamedTuple):
    name: str
    form: int
    packets: set[int]  # The types of packet in which a client may send it.


_KINDS = {
    0x01: _Kind("payload_format", _BYTE, {_PUBLISH, _WILL}),
    0x02: _Kind("message_expiry", _FOUR, {_PUBLISH, _WILL}),
    0x03: _Kind("content_type", _TEXT, {_PUBLISH, _WILL}),
    0x08: _Kind("response_topic", _TEXT, {_PUBLISH, _WILL}),
    0x09: _Kind("correlation_data", _DATA, {_PUBLISH, _WILL}),
    0x0B: _Kind("subscription_identifier", _NUMBER, {_SUBSCRIBE}),
    0x11: _Kind("session_expiry", _FOUR, {_CONNECT, _DISCONNECT}),
    0x13: _Kind("server_keepalive", _TWO, set()),
    0x15: _Kind("authentication_method", _TEXT, {_CONNECT}),
    0x16: _Kind("authentication_data", _DATA, {_CONNECT}),
    0x17: _Kind("request_problem", _BYTE, {_CONNECT}),
    0x18: _Kind("will_delay", _FOUR, {_WILL}),
    0x19: _Kind("request_response", _BYTE, {_CONNECT}),
    0x1F: _Kind("reason_string", _TEXT, {_PUBACK, _DISCONNECT}),
    0x21: _Kind("receive_maximum", _TWO, {_CONNECT}),
    0x22: _Kind("topic_alias_maximum", _TWO, {_CONNECT}),
    0x23: _Kind("topic_alias", _TWO, {_PUBLISH}),
    0x24: _Kind("maximum_qos", _BYTE, set()),
    0x25: _Kind("retain_available", _BYTE, set()),
    0x26: _Kind(USER, _PAIR, _FROM_CLIENT),
    0x27: _Kind("maximum_packet", _FOUR, {_CONNECT}),
    0x28: _Kind("wildcard_available", _BYTE, set()),
    0x29: _Kind("subscription_identifiers_available", _BYTE, set()),
    0x2A: _Kind("shared_available", _BYTE, set()),
}
_NUMBERS = {kind.name: number for number, kind in _KINDS.items()}
_NEVER_0 = {"subscription_identifier", "receive_maximum", "maximum_packet"}


def read(reader: PacketReader, packet: int) -> Properties:
    """Return the properties that come next in a client's packet of this type; 0 is its will.

    `user` are pairs, in their order. Raises ProtocolViolationError.
    """
    inner = PacketReader(reader.take(reader.number()))
    found: Properties = {}
    while inner.left():
        number = inner.number()
        kind = _KINDS.get(number)
        if kind is None or packet not in kind.packets:
            raise ProtocolViolationError(f"property 0x{number:02X} has no place in this packet")
        value = _READ[kind.form](inner)
        if kind.name == USER:
            pairs = found.setdefault(USER, [])
            pairs.append(value)
            if len(pairs) > _MOST_USER:
                raise ProtocolViolationError(
                    f"a packet has more than {_MOST_USER} user properties"
                )
        elif kind.name in found:
            raise _broken(f"property {kind.name} comes twice")
        else:
            found[kind.name] = _checked(kind, value)
    return found


def written(properties: Mapping[str, Any]) -> bytes:
    """Return properties as a packet has them: their length, then each."""
    body = b"".join(
        bytes((_NUMBERS[name],)) + _WRITTEN[_KINDS[_NUMBERS[name]].form](one)
        for name, value in properties.items()
        for one in (value if name == USER else (value,))
    )
    return length(len(body)) + body


def length(size: int) -> bytes:
    """Return a number as a variable byte integer."""
    digits = bytearray()
    while size > 0x7F:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    digits.append(size)
    return bytes(digits)


def of_message(found: Mapping[str, Any]) -> MessageProperties:
    """Return the properties of a PUBLISH or a will that belong to its message."""
    return MessageProperties(
        user=tuple(found.get(USER, ())),
        response_topic=found.get("response_topic", ""),
        correlation_data=found.get("correlation_data", b""),
        content_type=found.get("content_type", ""),
        payload_format=found.get("payload_format"),
        message_expiry=found.get("message_expiry"),
    )


def to_send(message: MessageProperties) -> Properties:
    """Return what a PUBLISH has of a message's properties."""
    given = {name: value for name, value in vars(message).items() if name != "retain"}
    return {name: value for name, value in given.items() if value not in (None, "", b"", ())}


def _checked(kind: _Kind, value: Any) -> Any:
    if kind.form == _BYTE and value > 1:
        raise _broken(f"property {kind.name} is {value}; use 0 or 1")
    if kind.name in _NEVER_0 and value == 0:
        raise _broken(f"property {kind.name} is 0")
    if kind.name == "response_topic" and set(value) & set("+#"):
        raise _broken("the response topic holds a wildcard")
    return value


def _broken(text: str) -> ProtocolViolationError:
    return ProtocolViolationError(text, Reason.PROTOCOL_ERROR)


def _with_length(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


_READ: Mapping[int, Callable[[PacketReader], Any]] = {
    _BYTE: lambda reader: reader.unpack(">B")[0],
    _TWO: lambda reader: reader.unpack(">H")[0],
    _FOUR: lambda reader: reader.unpack(">I")[0],
    _NUMBER: PacketReader.number,
    _TEXT: PacketReader.text,
    _DATA: PacketReader.data,
    _PAIR: lambda reader: (reader.text(), reader.text()),
}
_WRITTEN: Mapping[int, Callable[[Any], bytes]] = {
    _BYTE: lambda value: struct.pack(">B", value),
    _TWO: lambda value: struct.pack(">H", value),
    _FOUR: lambda value: struct.pack(">I", value),
    _TEXT: lambda value: _with_length(value.encode()),
    _DATA: _with_length,
    _PAIR: lambda pair: b"".join(_with_length(one.encode()) for one in pair),
}
