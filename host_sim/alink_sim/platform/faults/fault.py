"""One fault: its kind, the packet and the amount. `Scripted` says whom it strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

_LONGEST = 1 << 24  # Bytes; enough for every device.
_LONGEST_TEXT = 65535

# Packets from the platform, by MQTT packet type.
PACKETS: Mapping[str, int] = {
    "connack": 2,
    "publish": 3,
    "puback": 4,
    "suback": 9,
    "unsuback": 11,
    "pingresp": 13,
}
# Flaws of a server's X.509 certificate.
FLAWS = ("expired", "not_yet_valid", "wrong_host", "unknown_issuer")
FILE = "file"  # In place of a packet: a file of an update package on its way over HTTPS.
TLS = "tls"  # In place of a packet: the handshake, before anything of MQTT.


class FaultError(ValueError):
    """A fault has a wrong value; the text names the allowed ones."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, made by one of the functions below. They all raise FaultError.

    `packet` is one of "connack", "publish", "puback", "suback", "unsuback" and "pingresp", the
    packets that a platform sends; None is each of them. Where "tls" may stand instead, it is the
    TLS handshake, and "file" is a file on its way over HTTPS. `seconds` are those of the
    platform's clock.
    """

    kind: str
    packet: str | None = None
    code: int | None = None
    seconds: float | None = None
    at: int | None = None
    topic: str | None = None
    size: int | None = None
    data: bytes | None = None
    flaw: str | None = None

    @property
    def is_of_registrations(self) -> bool:
        """Whether a login cannot meet it."""
        return self.kind in ("push_twice", "push_before_connack")

    def __str__(self) -> str:
        """Return the kind and the chosen arguments."""
        chosen = ((one.name, getattr(self, one.name)) for one in fields(self)[1:])
        words = ", ".join(f"{name}={value!r}" for name, value in chosen if value is not None)
        return f"{self.kind}({words})"

    # Faults of a connection

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
        return cls(kind="cut", packet=_packet(packet, TLS), at=_within("at", at, 0, _LONGEST))

    @classmethod
    def half_open(cls, packet: str | None = "connack") -> Fault:
        """Forget the connection once this packet is out, and never tell: as a NAT that restarts.

        The session is over; what the device sends goes nowhere and nothing ends the connection.
        """
        return cls(kind="half_open", packet=_packet(packet))

    @classmethod
    def certificate(cls, flaw: str = "expired") -> Fault:
        """Show a certificate with a flaw: expired, not_yet_valid, wrong_host, unknown_issuer."""
        if flaw not in FLAWS:
            raise FaultError(f"flaw is {flaw!r}; use {', '.join(FLAWS)}")
        return cls(kind="certificate", packet=TLS, flaw=flaw)

    @classmethod
    def throttle(cls) -> Fault:
        """Say that it is too often: CONNACK as the setting `throttled_connect`, 429 over HTTPS."""
        return cls(kind="throttle")

    @classmethod
    def clock_jump(cls, seconds: float = 3600.0) -> Fault:
        """Reply to NTP over MQTT with a time that is `seconds` ahead (below 0: behind)."""
        return cls(kind="clock_jump", packet="publish", seconds=seconds)

    # Faults of a packet

    @classmethod
    def drop(cls, packet: str | None = None) -> Fault:
        """Lose a packet."""
        return cls(kind="drop", packet=_packet(packet))

    @classmethod
    def delay(cls, packet: str | None = None, seconds: float = 5.0) -> Fault:
        """Send a packet `seconds` late, and nothing before it that came behind it.

        With "tls" the handshake begins late.
        """
        return cls(kind="delay", packet=_packet(packet, TLS), seconds=_seconds(seconds))

    @classmethod
    def duplicate(cls, packet: str | None = None) -> Fault:
        """Send a packet twice."""
        return cls(kind="duplicate", packet=_packet(packet))

    @classmethod
    def reorder(cls, packet: str | None = None) -> Fault:
        """Send a packet behind the one that follows it; it waits until there is one."""
        return cls(kind="reorder", packet=_packet(packet))

    @classmethod
    def push_twice(cls) -> Fault:
        """Push the reply of a registration twice."""
        return cls(kind="push_twice", packet="publish")

    @classmethod
    def push_before_connack(cls) -> Fault:
        """Push the reply of a registration ahead of its CONNACK."""
        return cls(kind="push_before_connack", packet="connack")

    @classmethod
    def wrong_topic(cls, topic: str = "/ext/wrong") -> Fault:
        """Send PUBLISHes, a registration's reply too, under another topic."""
        if not topic or len(topic.encode()) > _LONGEST_TEXT:
            raise FaultError(
                f"topic is {len(topic)} characters; allowed range is 1 to {_LONGEST_TEXT}"
            )
        return cls(kind="wrong_topic", packet="publish", topic=topic)

    @classmethod
    def malformed(cls, packet: str | None = None, data: bytes | None = None) -> Fault:
        """Send `data` instead of a packet: else its first byte and a length that does not end."""
        if data == b"":
            raise FaultError("data is empty: to send nothing, drop the packet")
        return cls(kind="malformed", packet=_packet(packet), data=data)

    @classmethod
    def oversized(cls, size: int = 256 * 1024 + 1) -> Fault:
        """Send PUBLISHes whose payload is filled with spaces up to `size` bytes."""
        return cls(kind="oversized", packet="publish", size=_within("size", size, 1, _LONGEST))

    @classmethod
    def dribble(cls, packet: str | None = None, seconds: float = 0.0) -> Fault:
        """Send a packet byte by byte, each in a separate TLS record, `seconds` apart."""
        return cls(kind="dribble", packet=_packet(packet), seconds=_seconds(seconds))

    # Faults of a file of an update package over HTTPS

    @classmethod
    def cut_file(cls, at: int = 0) -> Fault:
        """Send the first `at` bytes of the requested range, and end the connection."""
        return cls(kind="cut_file", packet=FILE, at=_within("at", at, 0, _LONGEST))

    @classmethod
    def spoil_file(cls, at: int = 0) -> Fault:
        """Change the byte at offset `at` of the requested range."""
        return cls(kind="spoil_file", packet=FILE, at=_within("at", at, 0, _LONGEST))


# What `kind` a scenario file may name, and what makes it.
KINDS: Mapping[str, Callable[..., Fault]] = {
    make.__name__: make
    for make in (
        Fault.refuse,
        Fault.throttle,
        Fault.certificate,
        Fault.mute,
        Fault.half_open,
        Fault.drop,
        Fault.duplicate,
        Fault.reorder,
        Fault.push_twice,
        Fault.push_before_connack,
        Fault.clock_jump,
        Fault.wrong_topic,
        Fault.oversized,
        Fault.malformed,
        Fault.cut,
        Fault.delay,
        Fault.dribble,
        Fault.cut_file,
        Fault.spoil_file,
    )
}


def _packet(name: str | None, *more: str) -> str | None:
    known = (*PACKETS, *more)
    if name is not None and name not in known:
        raise FaultError(f"packet is {name!r}; use {', '.join(known)}")
    return name


def _seconds(seconds: float) -> float:
    if seconds < 0:
        raise FaultError(f"seconds is {seconds:g}; the minimum is 0")
    return seconds


def _within(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise FaultError(f"{name} is {value}; allowed range is {low} to {high}")
    return value
