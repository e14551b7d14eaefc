"""Faults of outgoing packets: each takes packets and passes packets on."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from alink_sim.clock import Timer
from alink_sim.platform.compact import compact
from alink_sim.platform.faults.fault import PACKETS
from alink_sim.platform.faults.scripted import Scripted
from alink_sim.platform.mqtt import framing

_RESOLUTION = 0.001  # Seconds; sums of a clock's floats are no better.

Out = Callable[[bytes], None]


class Struck(Protocol):
    """The connection that the fault of a packet strikes."""

    def strike(self, scripted: Scripted, what: str) -> bool:
        """Tell whether a fault still strikes, and write down that it does."""

    def now(self) -> float:
        """Return the platform's seconds."""

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` of the platform's clock."""

    def forget(self, reason: str) -> None:
        """Act as if there were no connection any more, and leave the device to believe in it."""

    def cut_off(self, reason: str) -> None:
        """End the connection without a farewell, once all output is sent."""


class PacketFault:
    """One fault on one connection. Packets that it does not concern pass by."""

    def __init__(self, scripted: Scripted, connection: Struck, out: Out) -> None:
        self._scripted = scripted
        self._fault = scripted.fault
        self._connection = connection
        self._out = out

    @property
    def is_busy(self) -> bool:
        """Whether it holds bytes that are still to go."""
        return False

    def take(self, packet: bytes) -> None:
        """Take a packet in."""
        if self._concerns(packet) and self._connection.strike(self._scripted, _name(packet)):
            self._act(packet)
        else:
            self._pass(packet)

    def _act(self, packet: bytes, /) -> None:
        raise NotImplementedError

    def _pass(self, packet: bytes) -> None:
        self._out(packet)

    def _concerns(self, packet: bytes) -> bool:
        return self._fault.packet in (None, _name(packet))


class _Drop(PacketFault):
    def _act(self, _packet: bytes) -> None:
        pass


class _Mute(PacketFault):
    _is_mute = False

    def take(self, packet: bytes) -> None:
        if not self._is_mute or self._scripted.is_over:
            super().take(packet)

    def _act(self, _packet: bytes) -> None:
        self._is_mute = True


class _HalfOpen(PacketFault):
    def _act(self, packet: bytes) -> None:
        self._out(packet)
        self._connection.forget(f"half-open behind a {_name(packet).upper()}")


class _Duplicate(PacketFault):
    def _act(self, packet: bytes) -> None:
        self._out(packet)
        is_publish_at_1 = packet[0] & 0xF6 == 0x32
        # MQTT 3.1.1, 3.3.1.1: a packet sent again has DUP set.
        self._out(bytes((packet[0] | 0x08,)) + packet[1:] if is_publish_at_1 else packet)


class _Reorder(PacketFault):
    _held = b""

    def take(self, packet: bytes) -> None:
        if held := self._held:
            self._held = b""
            self._out(packet)
            self._out(held)
        else:
            super().take(packet)

    def _act(self, packet: bytes) -> None:
        self._held = packet


class _ClockJump(PacketFault):
    def _concerns(self, packet: bytes) -> bool:
        return super()._concerns(packet) and _topic_of(packet).startswith(b"/ext/ntp/")

    def _act(self, packet: bytes) -> None:
        _, end = _topic(packet)
        end = packet.index(b"{", end)  # Behind packet id and properties; neither has a brace.
        reply = json.loads(packet[end:])
        for name in ("serverRecvTime", "serverSendTime"):
            reply[name] = str(int(reply[name]) + round((self._fault.seconds or 0.0) * 1000))
        start, _ = _topic(packet)
        self._out(framing.framed(packet[0], packet[start:end] + compact(reply)))


class _WrongTopic(PacketFault):
    def _act(self, packet: bytes) -> None:
        _, end = _topic(packet)
        topic = (self._fault.topic or "").encode()
        body = len(topic).to_bytes(2, "big") + topic + packet[end:]
        self._out(framing.framed(packet[0], body))


class _Oversized(PacketFault):
    def _act(self, packet: bytes) -> None:
        start, end = _topic(packet)
        payload = len(packet) - end - (2 if packet[0] & 6 else 0)
        blanks = b" " * ((self._fault.size or 0) - payload)
        self._out(framing.framed(packet[0], packet[start:] + blanks))


class _Malformed(PacketFault):
    def _act(self, packet: bytes) -> None:
        self._out(self._fault.data or packet[:1] + b"\xff\xff\xff\xff")


class _Cut(PacketFault):
    def _act(self, packet: bytes) -> None:
        if part := packet[: self._fault.at]:
            self._out(part)
        self._connection.cut_off(f"cut inside a {_name(packet).upper()}")


class _Queue(PacketFault):
    """Sends bytes at their moments, and never one before those ahead of it."""

    def __init__(self, scripted: Scripted, connection: Struck, out: Out) -> None:
        super().__init__(scripted, connection, out)
        self._queue: deque[tuple[float, bytes]] = deque()

    @property
    def is_busy(self) -> bool:
        return bool(self._queue)

    def _pass(self, packet: bytes) -> None:
        self._send(packet, after=0.0)

    def _send(self, data: bytes, *, after: float) -> None:
        """Send `after` seconds, or right after the bytes that wait already."""
        if after > 0 or self._queue:
            self._queue.append((self._connection.now() + after, data))
            if len(self._queue) == 1:
                self._connection.later(after, self._release)
        else:
            self._out(data)

    def _release(self) -> None:
        now = self._connection.now()
        while self._queue:
            due, data = self._queue[0]
            if due - now > _RESOLUTION:
                self._connection.later(due - now, self._release)
                return
            self._queue.popleft()
            self._out(data)


class _Delay(_Queue):
    def _act(self, packet: bytes) -> None:
        self._send(packet, after=self._fault.seconds or 0.0)


class _Dribble(_Queue):
    def _act(self, packet: bytes) -> None:
        step = self._fault.seconds or 0.0
        first = max(0.0, self._queue[-1][0] - self._connection.now()) if self._queue else 0.0
        for number in range(len(packet)):
            self._send(packet[number : number + 1], after=first + number * step)


# In the order in which they take packets: those that send parts of one come last.
PACKET_FAULTS: Mapping[str, type[PacketFault]] = {
    "mute": _Mute,
    "half_open": _HalfOpen,
    "drop": _Drop,
    "duplicate": _Duplicate,
    "push_twice": _Duplicate,
    "reorder": _Reorder,
    "push_before_connack": _Reorder,
    "clock_jump": _ClockJump,
    "wrong_topic": _WrongTopic,
    "oversized": _Oversized,
    "malformed": _Malformed,
    "cut": _Cut,
    "delay": _Delay,
    "dribble": _Dribble,
}
_NAMES = {number: name for name, number in PACKETS.items()}


def _name(packet: bytes) -> str:
    return _NAMES.get(packet[0] >> 4, "packet")


def _topic_of(packet: bytes) -> bytes:
    start, end = _topic(packet)
    return packet[start + 2 : end]


def _topic(packet: bytes) -> tuple[int, int]:
    """Return where a PUBLISH's body begins and where its topic ends."""
    start = 2
    while packet[start - 1] & 0x80:
        start += 1
    return start, start + 2 + int.from_bytes(packet[start : start + 2], "big")
