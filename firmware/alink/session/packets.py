"""CONNECT, and the message that the platform pushes after it. Loaded for one login.

docs/reference/protocol.md, "MQTT profile" and "Dynamic registration".
"""

import struct

from micropython import const

from ..errors import ProtocolError, RefusedError, TransportError
from .frame import frame

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


def connect(stream, login, keepalive):
    """Send CONNECT with a clean session and wait for CONNACK until the connection's deadline.

    `login` is client id, user name and password in bytes, `keepalive` is in seconds. Raises
    RefusedError(code), TransportError, ProtocolError.
    """
    body = struct.pack(">H4sBBH", 4, b"MQTT", 4, 0xC2, keepalive)
    for text in login:
        body += struct.pack(">H", len(text)) + text
    stream.write(frame(0x10, body))
    while stream.connack is None:
        try:
            pushed = stream.receive()  # It can come in one segment with CONNACK.
        except TransportError:
            if stream.connack is None:
                raise
            pushed = False  # A refusal and the end of the connection came together.
        if stream.connack is None:
            if pushed:
                raise ProtocolError("a message came before CONNACK")
            wait(stream, "does not answer CONNECT")
    code = stream.connack
    if code:
        raise RefusedError(code, _REFUSED[code] if code < 6 else "code %d" % code)


def answer(stream):
    """Wait for a PUBLISH without a subscription; acknowledge it, return (topic, payload).

    Raises TransportError, ProtocolError.
    """
    while not stream.receive():
        wait(stream, "accepted, but sent no reply")
    first, size, shift, byte = stream.read(1)[0], 0, 0, 0x80
    while byte & 0x80:
        byte = stream.read(1)[0]
        size |= (byte & 0x7F) << shift
        shift += 7
    length = struct.unpack(">H", stream.read(2))[0]
    topic = stream.read(length)
    size -= 2 + length
    if first & 0x02:
        stream.write(b"\x40\x02" + stream.read(2))
        size -= 2
    return topic, stream.read(size)


def wait(stream, what):
    """Wait for bytes. Raises TransportError when the connection's deadline passes first."""
    connection = stream.connection
    if not connection.wait(connection.time_left()):
        raise TransportError("%s %s" % (connection.peer, what))
