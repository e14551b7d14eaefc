"""The packets that crossed the wire, by connection.

Off until a console serves; then each packet costs one short record. The bytes stay as they were
sent, cut to `KEPT_BYTES`, and are decoded when a page shows them. The trace keeps the newest
packets of the platform and the first packets of each of its newest connections. Its records hold
secrets, as the wire does: a reader masks them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from alink_sim.platform.state.event_log import Party

KEPT_BYTES = 1024

_MOST_PACKETS = 10_000
_MOST_CONNECTIONS = 1000
_ACKNOWLEDGMENTS = (0x40, 0xD0)  # PUBACK, PINGRESP.
_MOST_FIRST = 30  # Packets of a connection that stay until the connection is forgotten.


class Crossing(NamedTuple):
    """Bytes that crossed at `time`, in seconds since 1970; `size` counts those cut off too.

    A packet from the device (`is_up`) is `first_byte` and its body. Bytes to the device are one or
    more whole packets, and `first_byte` is 0.
    """

    connection: ConnectionTrace
    time: float
    is_up: bool
    first_byte: int
    size: int
    data: bytes


@dataclass(eq=False)
class ConnectionTrace:
    """One connection: its device, once a CONNECT named it, and its first packets.

    `kind` is "register", "regnwl", "connwl" or "login"; `via` is "mqtt" or "https"; `level` is
    that of MQTT. `first` and
    the packets of the platform are kept as plain tuples: `crossings` reads them.
    """

    number: int
    opened: float
    secure: bool
    via: str
    now: Callable[[], float] = field(repr=False)
    packets: deque[tuple[Any, ...]] = field(repr=False)
    host: str = ""
    kind: str = ""
    level: int = 4
    product_key: str = ""
    device_name: str = ""
    client_id: str = ""
    first: list[tuple[Any, ...]] = field(default_factory=list, repr=False)
    ended: float | None = None
    reason: str = ""

    def name(self, who: Party, *, kind: str, host: str = "", level: int = 4) -> None:
        """Note the device, its request, its level of MQTT, and the server name it dialed."""
        self.kind, self.host, self.client_id, self.level = kind, host, who.client_id, level
        self.product_key, self.device_name = who.product_key, who.device_name

    def up(self, first_byte: int, body: bytes) -> None:
        """Record a packet from the device."""
        size = len(body)
        kept = body if size <= KEPT_BYTES else body[:KEPT_BYTES]
        # A tuple, not a Crossing: this runs for every packet.
        crossing = (self, self.now(), True, first_byte, size, kept)
        self.packets.append(crossing)
        if len(self.first) < _MOST_FIRST:
            self.first.append(crossing)

    def down(self, data: bytes) -> None:
        """Record bytes to the device; of its acknowledgments the first packets' only."""
        is_first = len(self.first) < _MOST_FIRST
        if not is_first and data[0] in _ACKNOWLEDGMENTS:
            return
        size = len(data)
        kept = data if size <= KEPT_BYTES else data[:KEPT_BYTES]
        crossing = (self, self.now(), False, 0, size, kept)
        self.packets.append(crossing)
        if is_first:
            self.first.append(crossing)

    def end(self, reason: str) -> None:
        """Note the end of the connection."""
        if self.ended is None:
            self.ended, self.reason = self.now(), reason


def crossings(kept: Iterable[tuple[Any, ...]]) -> Iterator[Crossing]:
    """Yield what a trace has kept."""
    return (Crossing._make(one) for one in kept)


class PacketTrace:
    """The newest packets and connections of a platform; empty while `is_on` is False."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """`now` returns seconds since 1970."""
        self.is_on = False
        self.packets: deque[tuple[Any, ...]] = deque(maxlen=_MOST_PACKETS)
        self.connections: deque[ConnectionTrace] = deque(maxlen=_MOST_CONNECTIONS)
        self._now = now
        self._count = 0

    def connection(self, *, secure: bool, via: str = "mqtt") -> ConnectionTrace | None:
        """Return the trace of a connection that begins now, None while the trace is off."""
        if not self.is_on:
            return None
        self._count += 1
        trace = ConnectionTrace(
            self._count, self._now(), secure, via, now=self._now, packets=self.packets
        )
        self.connections.append(trace)
        return trace
