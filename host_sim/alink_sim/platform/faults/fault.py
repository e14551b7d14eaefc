"""One fault: what goes wrong, with which packet, by how much. Says nothing of whom it strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

# What the platform sends, by MQTT packet type.
PACKETS: Mapping[str, int] = {
    "connack": 2,
    "publish": 3,
    "puback": 4,
    "suback": 9,
    "unsuback": 11,
    "pingresp": 13,
}
TLS = "tls"  # In place of a packet: the handshake, before anything of MQTT.


class FaultError(ValueError):
    """A fault cannot be scripted so; the text says what can."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, made by one of the functions below. They all raise FaultError.

    `packet` is one of "connack", "publish", "puback", "suback", "unsuback" and "pingresp", the
    packets that a platform sends; None is each of them. Where "tls" may stand instead, it is the
    TLS handshake. `seconds` are those of the platform's clock.
    """

    kind: str
    packet: str | None = None
    code: int | None = None
    seconds: float | None = None
    at: int | None = None

    def __str__(self) -> str:
        """Return the kind, and what was chosen beside it."""
        chosen = ((one.name, getattr(self, one.name)) for one in fields(self)[1:])
        words = ", ".join(f"{name}={value!r}" for name, value in chosen if value is not None)
        return f"{self.kind}({words})"

    # What a platform may do to a connection

    @classmethod
    def refuse(cls, code: int = 4) -> Fault:
        """Answer CONNECT with CONNACK `code` (1..255) and close; nothing registers or logs in."""
        return cls(kind="refuse", code=_within("code", code, 1, 255))

    @classmethod
    def mute(cls, packet: str | None = None) -> Fault:
        """Send nothing from this packet on; what the device sends is still read and acted on.

        The platform's own timeouts still end the connection. With "tls" no handshake answers.
        """
        return cls(kind="mute", packet=_packet(packet, TLS))

    @classmethod
    def cut(cls, packet: str | None = None, at: int = 1) -> Fault:
        """Send the first `at` bytes of a packet and end the connection without a farewell.

        With "tls" the connection ends before the handshake, whatever `at` says.
        """
        return cls(kind="cut", packet=_packet(packet, TLS), at=_within("at", at, 0, 1 << 28))

    # What may happen to a packet

    @classmethod
    def drop(cls, packet: str | None = None) -> Fault:
        """Lose a packet."""
        return cls(kind="drop", packet=_packet(packet))

    @classmethod
    def dribble(cls, packet: str | None = None, seconds: float = 0.0) -> Fault:
        """Send a packet byte by byte, each a TLS record of its own, `seconds` apart."""
        return cls(kind="dribble", packet=_packet(packet), seconds=_seconds(seconds))


# What `kind` a scenario file may name, and what makes it.
KINDS: Mapping[str, Callable[..., Fault]] = {
    make.__name__: make
    for make in (
        Fault.refuse,
        Fault.mute,
        Fault.cut,
        Fault.drop,
        Fault.dribble,
    )
}


def _packet(name: str | None, *more: str) -> str | None:
    known = (*PACKETS, *more)
    if name is not None and name not in known:
        raise FaultError(f"packet is {name!r}; it takes one of: {', '.join(known)}")
    return name


def _seconds(seconds: float) -> float:
    if seconds < 0:
        raise FaultError(f"seconds is {seconds:g}; it takes a number from 0 on")
    return seconds


def _within(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise FaultError(f"{name} is {value}; it takes {low}..{high}")
    return value
