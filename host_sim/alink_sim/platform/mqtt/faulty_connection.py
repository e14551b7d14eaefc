"""A transport with faults on its output; it replaces the transport of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from alink_sim.clock import Timer
from alink_sim.platform.access.auth import Credentials
from alink_sim.platform.core import Core
from alink_sim.platform.faults.scripted import Scripted
from alink_sim.platform.mqtt.packet_faults import PACKET_FAULTS, Out, PacketFault
from alink_sim.platform.mqtt.wrapped_transport import WrappedTransport
from alink_sim.platform.state.packet_trace import ConnectionTrace
from alink_sim.platform.state.refusal import Code


class FaultyConnection(WrappedTransport):
    """A transport for whole MQTT packets that suffers `faults`.

    `cut` ends its connection without a farewell; `end` ends only what the platform has of it.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        faults: Sequence[Scripted],
        *,
        core: Core,
        credentials: Credentials,
        cut: Callable[[str], None],
        end: Callable[[str], None],
        trace: ConnectionTrace | None = None,
    ) -> None:
        super().__init__(transport)
        self._faults = faults
        self._core = core
        self._credentials = credentials
        self._cut = cut
        self._end = end
        self._trace = trace
        self._farewell: Callable[[], None] | None = None  # What to do once all is out.
        self._chain: list[PacketFault] = []
        self._first: Out = self._send
        order = list(PACKET_FAULTS)
        struck = (one for one in faults if one.fault.kind in PACKET_FAULTS)
        for one in sorted(struck, key=lambda one: order.index(one.fault.kind), reverse=True):
            self._chain.append(PACKET_FAULTS[one.fault.kind](one, self, self._first))
            self._first = self._chain[-1].take

    def refusal(self) -> tuple[int | None, Code | None] | None:
        """Return what a fault answers CONNECT with: CONNACK (None: mutely) and the true code."""
        for one in self._faults:
            if one.fault.kind == "refuse" and self.strike(one, "connect"):
                return one.fault.code, None
            if one.fault.kind == "throttle" and self.strike(one, "connect"):
                return self._core.settings.throttled_connect, Code.TOO_OFTEN
        return None

    # Called by a connection

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send packets, each through all faults."""
        for packet in _packets(bytes(data)):
            if self._farewell is None:
                self._first(packet)

    def close(self) -> None:
        """Close once all output is sent."""
        self._leave(self._inner.close)

    def abort(self) -> None:
        """End at once; what is still held is lost."""
        self._farewell = self._inner.abort
        super().abort()

    # Called by the fault of a packet

    def strike(self, scripted: Scripted, what: str) -> bool:
        """Tell whether a fault still strikes, and write down that it does."""
        if not scripted.strike():
            return False
        self._core.note_fault(scripted.fault, self._credentials, on=what)
        return True

    def now(self) -> float:
        """Return the platform's seconds."""
        return self._core.clock.monotonic()

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` of the platform's clock."""
        return self._core.clock.call_later(asyncio.get_running_loop(), seconds, callback)

    def forget(self, reason: str) -> None:
        """Act as if there were no connection any more, and leave the device to believe in it."""
        self._end(reason)
        self._inner.pause_reading()

    def cut_off(self, reason: str) -> None:
        """End the connection without a farewell, once all output is sent."""
        self._leave(lambda: self._cut(reason))

    # Inside

    def _send(self, data: bytes) -> None:
        if not self._inner.is_closing():
            self._inner.write(data)
            if self._trace:
                self._trace.down(data)
        if self._farewell and not self._is_busy():
            self._farewell()

    def _leave(self, farewell: Callable[[], None]) -> None:
        if self._farewell is None:
            self._farewell = farewell
            if not self._is_busy():
                farewell()

    def _is_busy(self) -> bool:
        return any(one.is_busy for one in self._chain)


def _packets(data: bytes) -> Iterator[bytes]:
    """Yield the packets of which `data` has one or several whole ones."""
    while data:
        size, at = 0, 0
        while at == 0 or data[at] & 0x80:
            at += 1
            size |= (data[at] & 0x7F) << 7 * (at - 1)
        end = at + 1 + size
        yield data[:end]
        data = data[end:]
