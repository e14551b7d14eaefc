"""A device that posts properties as fast as the platform takes them, for figures of a rate."""

from __future__ import annotations

import socket
import struct
from typing import Self

_WINDOW = 50  # Posts at QoS 1 that wait for their PUBACK.
_CONNACK_BYTES, _PUBACK_BYTES, _PINGRESP_BYTES = 4, 4, 2


class Flood:
    """One MQTT session over plain TCP; `post` returns once all posts are acknowledged."""

    def __init__(self, port: int, product_key: str, device_name: str, password: str) -> None:
        self._topic = f"/sys/{product_key}/{device_name}/thing/event/property/post"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        client_id = "bench|securemode=3,signmethod=hmacsha256|"
        fields = (client_id, f"{device_name}&{product_key}", password)
        body = text("MQTT") + bytes((4, 0xC2)) + struct.pack(">H", 1200)
        self._socket.sendall(packet(0x10, body + b"".join(map(text, fields))))
        if self._read(_CONNACK_BYTES) != b"\x20\x02\x00\x00":
            raise RuntimeError("the platform refused the login")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def post(self, count: int, *, window: int = _WINDOW) -> None:
        """Post `count` times at QoS 1, without a reply, and wait for every PUBACK.

        `window` is how many posts leave before their PUBACKs are read.
        """
        payload = b'{"id":"1","version":"1.0","sys":{"ack":0},"params":{"temperature":21.5}}'
        waiting = 0
        for number in range(count):
            head = text(self._topic) + struct.pack(">H", number % 65535 + 1)
            self._socket.sendall(packet(0x32, head + payload))
            waiting += 1
            if waiting == window:
                self._read(waiting * _PUBACK_BYTES)
                waiting = 0
        self._read(waiting * _PUBACK_BYTES)

    def send(self, data: bytes) -> bytes:
        """Send a packet; return what the platform sends next, b"" if it ends the session."""
        self._socket.sendall(data)
        return self._socket.recv(1 << 16)

    def ping(self) -> None:
        """Send a PINGREQ and wait for its PINGRESP."""
        self._socket.sendall(b"\xc0\x00")
        self._read(_PINGRESP_BYTES)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (got := self._socket.recv(size - len(data))):
                raise RuntimeError("the platform ended the session")
            data += got
        return data


def text(value: str) -> bytes:
    """Return a string as MQTT has it, behind its length."""
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def packet(first: int, body: bytes) -> bytes:
    """Return a packet: its first byte, its length, its body."""
    size, head = len(body), bytearray((first,))
    while True:
        size, digit = divmod(size, 128)
        head.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(head) + body
