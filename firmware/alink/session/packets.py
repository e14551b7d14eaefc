"""CONNECT, and the message that the platform pushes after it. Loaded for one login.

It reads from the connection byte by byte as much as a packet has, so what follows stays there for
an `MQTTClient`. docs/reference/protocol.md, "MQTT profile" and "Dynamic registration".
"""

import struct

from micropython import const

from .. import heap
from ..errors import ProtocolError, RefusedError, TransportError

frame = heap.load("session.frame").frame

_LONGEST = const(4096)  # Bytes after the fixed header.
_REFUSED = const(
    (
        "",
        "the protocol version is not accepted",
        "the client id is not accepted",
        "the server is unavailable; try again later",
        "user name or password is not accepted",
        "not authorized",
    )
)


def connect(connection, login, keepalive):
    """Send CONNECT with a clean session and wait for CONNACK until the connection's deadline.

    `login` is client id, user name and password in bytes, `keepalive` is in seconds. Raises
    RefusedError(code), TransportError, ProtocolError.
    """
    body = struct.pack(">H4sBBH", 4, b"MQTT", 4, 0xC2, keepalive)
    for text in login:
        body += struct.pack(">H", len(text)) + text
    connection.send(frame(0x10, body))
    first, body = recv(connection, "does not answer CONNECT")
    if first & 0xF0 == 0x30:
        raise ProtocolError("a message came before CONNACK")
    if first != 0x20 or len(body) != 2:
        raise _unexpected(first)
    code = body[1]
    if code:
        raise RefusedError(code, _REFUSED[code] if code < 6 else "code %d" % code)


def register(connection, login):
    """Connect with the login of a registration; acknowledge the message that the platform pushes,
    return its (topic, payload). Raises what `connect` does.
    """
    connect(connection, login, 60)
    first, body = recv(connection, "accepted, but sent no reply")
    if first & 0xF0 != 0x30:
        raise _unexpected(first)
    end = 2
    if len(body) >= 2:
        end += body[0] << 8 | body[1]
    start = end + (first & 0x02)  # A packet id is before the payload.
    if first & 0x04 or start > len(body):
        raise ProtocolError("a malformed PUBLISH came (first byte 0x%02x)" % first)
    if first & 0x02:
        connection.send(b"\x40\x02" + body[end:start])
    return bytes(body[2:end]), bytes(body[start:])


def recv(connection, what):
    # Returns the first byte of a packet and its body; `what` describes a server that sends none.
    first = read(connection, 1, what)[0]
    size = shift = 0
    while True:
        byte = read(connection, 1, what)[0]
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 21:
            raise ProtocolError("a packet's length has more than four bytes")
    if size > _LONGEST:
        raise _unexpected(first)
    return first, read(connection, size, what)


def read(connection, count, what):
    data = bytearray(count)
    have = 0
    while have < count:
        got = connection.readinto(memoryview(data)[have:])
        if got is not None:
            have += got
        elif not connection.wait(connection.timeout()):
            raise TransportError("%s %s" % (connection.peer, what))
    return data


def _unexpected(first):
    return ProtocolError("an unexpected packet came (first byte 0x%02x)" % first)
