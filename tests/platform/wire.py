"""A bare MQTT client for tests: packets as bytes, written from the OASIS specification."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from alink_sim.platform import AccessKey, Device, Product
from tests.waiting import PATIENCE

ACCEPTED = b"\x20\x02\x00\x00"


def refused(code: int) -> bytes:
    return bytes((0x20, 2, 0, code))


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def packet(first: int, body: bytes) -> bytes:
    head = bytearray((first,))
    size = len(body)
    while True:
        size, digit = divmod(size, 128)
        head.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(head) + body


def connect(
    client_id: str, user: str, password: str, *, keepalive: int = 60, flags: int = 0xC2
) -> bytes:
    head = text("MQTT") + bytes((4, flags)) + struct.pack(">H", keepalive)
    return packet(0x10, head + text(client_id) + text(user) + text(password))


def publish(topic: str, payload: bytes, *, qos: int = 0, packet_id: int = 0) -> bytes:
    number = struct.pack(">H", packet_id) if qos else b""
    return packet(0x30 | qos << 1, text(topic) + number + payload)


def subscribe(packet_id: int, *filters: tuple[str, int]) -> bytes:
    body = b"".join(text(one) + bytes((qos,)) for one, qos in filters)
    return packet(0x82, struct.pack(">H", packet_id) + body)


def sign(key: str, content: str, method: str = "sha256") -> str:
    return hmac.new(key.encode(), content.encode(), getattr(hashlib, method)).hexdigest()


class Served(Protocol):
    """A platform as its clients see it, in this process or in another."""

    @property
    def mqtt_port(self) -> int: ...
    @property
    def mqtt_tls_port(self) -> int: ...
    @property
    def https_port(self) -> int: ...
    @property
    def openapi_port(self) -> int: ...
    @property
    def access_key(self) -> AccessKey: ...
    @property
    def ca_pem(self) -> Path: ...


class Wire:
    """A connection to the platform. `read` returns whole packets, b"" at the end."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    @classmethod
    def tls(cls, platform: Served, port: int | None = None) -> Self:
        context = ssl.create_default_context(cafile=platform.ca_pem)
        plain = socket.create_connection(
            ("127.0.0.1", port or platform.mqtt_tls_port), timeout=PATIENCE
        )
        return cls(context.wrap_socket(plain, server_hostname="localhost"))

    @classmethod
    def plain(cls, platform: Served) -> Self:
        return cls(socket.create_connection(("127.0.0.1", platform.mqtt_port), timeout=PATIENCE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *packets: bytes) -> None:
        self._socket.sendall(b"".join(packets))

    def ask(self, *packets: bytes) -> bytes:
        self.send(*packets)
        return self.read()

    def read(self) -> bytes:
        while (size := self._whole()) is None:
            if not (got := self.read_part()):
                assert not self._buffer, f"the end came inside a packet: {self._buffer!r}"
                return b""
            self._buffer += got
        first, self._buffer = self._buffer[:size], self._buffer[size:]
        return first

    def read_part(self) -> bytes:
        """Return the next bytes, also part of a packet: one record over TLS; b"" at the end."""
        try:
            return self._socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            return b""

    def read_publish(self) -> tuple[str, Any, int]:
        """Return topic, JSON body and QoS of the PUBLISH that comes next."""
        got = self.read()
        assert got, "the end came before a PUBLISH"
        assert got[0] >> 4 == 3, f"this is no PUBLISH: {got!r}"
        start = 2
        while got[start - 1] & 0x80:
            start += 1
        size = struct.unpack_from(">H", got, start)[0]
        topic = got[start + 2 : start + 2 + size].decode()
        qos = got[0] >> 1 & 3
        return topic, json.loads(got[start + 2 + size + (2 if qos else 0) :]), qos

    def _whole(self) -> int | None:
        size = 0
        for at in range(1, min(5, len(self._buffer))):
            size |= (self._buffer[at] & 0x7F) << 7 * (at - 1)
            if self._buffer[at] < 0x80:
                return at + 1 + size if len(self._buffer) > at + size else None
        return None


@dataclass(frozen=True)
class Party:
    """A device's secrets, and the CONNECTs it makes of them."""

    product: Product
    name: str
    device_secret: str = ""

    @property
    def user(self) -> str:
        return f"{self.name}&{self.product.key}"

    def register(self, kind: str = "register", *, secret: str | None = None) -> bytes:
        content = f"deviceName{self.name}productKey{self.product.key}random123"
        mode = "-2" if kind == "regnwl" else "2"
        return connect(
            f"{self.name}.{self.product.key}"
            f"|securemode={mode},authType={kind},random=123,signmethod=hmacsha256|",
            self.user,
            sign(secret or self.product.secret, content),
        )

    def log_in(self, *, keepalive: int = 60, secret: str = "", extra: str = "") -> bytes:
        content = f"clientIdboarddeviceName{self.name}productKey{self.product.key}"
        return connect(
            f"board|securemode=2,signmethod=hmacsha256{extra}|",
            self.user,
            sign(secret or self.device_secret, content),
            keepalive=keepalive,
        )

    def log_in_at(self, timestamp: str) -> bytes:
        content = f"clientIdboarddeviceName{self.name}productKey{self.product.key}"
        return connect(
            f"board|securemode=2,signmethod=hmacsha256,timestamp={timestamp}|",
            self.user,
            sign(self.device_secret, f"{content}timestamp{timestamp}"),
        )

    def log_in_with(self, client_id: str, token: str, *, keepalive: int = 60) -> bytes:
        sent = f"{client_id}|securemode=-2,authType=connwl|"
        return connect(sent, self.user, token, keepalive=keepalive)

    @classmethod
    def of(cls, product: Product, device: Device) -> Self:
        return cls(product, device.name, device.secret)
