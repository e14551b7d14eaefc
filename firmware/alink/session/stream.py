"""The socket we hand to umqtt.simple: whole packets in, whole packets out, never a block.

Bytes are collected until a packet is complete, so a peer that dribbles never holds umqtt in the
middle of one; umqtt's small writes leave as one. Only PUBLISH reaches umqtt: every other packet
goes to `on_packet`, and a QoS 1 PUBLISH is acknowledged to umqtt at once, so that it never
waits (docs/explanation/design.md, "umqtt.simple over a better socket").
"""

from time import ticks_ms

from micropython import const

from ..errors import ProtocolError

_SMALL = const(256)  # The buffer between packets; a longer packet gets a larger one.


class Stream:
    """read, write, setblocking and close as umqtt.simple calls them, over a `Connection`."""

    def __init__(self, connection, on_packet, max_packet):
        """`on_packet(first_byte, body)` gets every packet but PUBLISH; body is bytes."""
        self.connection = connection
        self.sent_at = ticks_ms()
        self.received_at = ticks_ms()  # A caller that waits sets None; each byte sets it again.
        self.duplicate = False  # Whether the last PUBLISH had DUP set.
        self.lost = ()  # Topics of messages that are too long, for max_packet or for the heap.
        self.on_packet = on_packet
        self.max_packet = max(max_packet, _SMALL)
        self._out = bytearray(_SMALL)
        self._out_have = 0  # Bytes of the current packet.
        self._puback = b""  # The PUBACK that umqtt reads for its own QoS 1 PUBLISH.
        self._in = bytearray(_SMALL)
        self._skip = 0
        self._begin()

    def _begin(self):
        if len(self._in) != _SMALL:
            self._in = bytearray()  # Its heap may be needed.
            self._in = bytearray(_SMALL)
        self._have = 0  # Bytes of the current packet.
        self._need = 2  # Bytes wanted before the next decision.
        self._body = 0  # Where its body begins; 0 while the header is incomplete.
        self._next = 0  # Where umqtt reads on; 0 while no whole PUBLISH is here.

    # Called by umqtt

    def read(self, count):
        """Return the next `count` bytes of a whole PUBLISH, or None until one is whole."""
        if self._puback:
            taken = self._puback[:count]
            self._puback = self._puback[count:]
            return taken
        if not count:
            return b""
        if not self._next and not self.receive():
            return None
        start = self._next - 1
        self._next += count
        taken = bytes(memoryview(self._in)[start : start + count])
        if self._next > self._need:
            self._begin()
        return taken

    def write(self, data, count=None):
        """Collect `data`; send when it completes a packet."""
        out, have = self._out, self._out_have
        if count is None:
            end = have + len(data)
        else:
            end = have + count
            data = memoryview(data)[:count]
        if end > len(out):
            self._out = grown = bytearray(end)
            grown[:have] = memoryview(out)[:have]
            out = grown
        out[have:end] = data
        self._out_have = end
        body, needed = _bounds(out, end)
        if not body or end < needed:
            return
        self._out_have = 0
        try:
            self.connection.send(memoryview(out)[:end])
        except BaseException:
            self.connection.close()  # A part of it may have left: nothing can follow that.
            raise
        self.sent_at = ticks_ms()
        if out[0] & 0xF6 == 0x32:
            at = body + 2 + (out[body] << 8 | out[body + 1])
            self._puback = b"\x40\x02" + bytes(memoryview(out)[at : at + 2])
        if len(out) > _SMALL:
            self._out = bytearray(_SMALL)

    def forget(self):
        """Discard the collected bytes of a packet that could not be built to its end."""
        self._out_have = 0
        self._puback = b""  # It had left whole where nothing but an empty payload was wrong.

    def setblocking(self, flag):
        """Nothing to do: umqtt only ever meets whole packets."""

    def close(self):
        """Close the connection; never raises."""
        self.connection.close()

    # Called by the rest of the SDK

    def receive(self):
        """Take in what has arrived, without blocking; return whether a PUBLISH waits for umqtt."""
        while not self._next:
            while self._have < self._need:
                view = memoryview(self._in)[self._have : self._need]
                count = self.connection.readinto(view)
                if count is None:
                    return False
                self._have += count
                self.received_at = ticks_ms()
            if self._skip:
                self._drain()
            elif not self._body:
                self._measure()
            else:
                self._complete()
        return True

    def discard(self, end=0):
        """Let go of a PUBLISH: of the one that umqtt was reading when heap ran short, or of one
        of which only `end` bytes are taken in.

        It is acknowledged: at QoS 1 it would come back for ever.
        """
        if not end and not self._next:
            raise MemoryError
        first = self._in[0]
        if first & 0xF0 == 0x30:
            at = self._check_publish(first, end or self._need)
            self.lost += (bytes(memoryview(self._in)[self._body + 2 : at]),)
            if first & 0x02:
                self.connection.send(b"\x40\x02" + bytes(memoryview(self._in)[at : at + 2]))
                self.sent_at = ticks_ms()
        if not end:
            self._begin()

    def _measure(self):
        self._body, end = _bounds(self._in, self._have)
        if not self._body:
            self._need += 1
            return
        self._need = end
        if end <= _SMALL:
            return
        try:
            if end > self.max_packet:
                raise MemoryError
            grown = bytearray(end)
        except MemoryError:
            self._skip = end
            self._need = _SMALL
            return
        grown[: self._have] = memoryview(self._in)[: self._have]
        self._in = grown

    def _complete(self):
        first = self._in[0]
        if first & 0xF0 == 0x30:
            self._check_publish(first, self._need)
            self.duplicate = first & 0x08 != 0
            self._next = 1
        else:
            body = bytes(memoryview(self._in)[self._body : self._need])
            self._begin()
            self.on_packet(first, body)

    def _check_publish(self, first, end):
        # Returns where the packet id stands (or the payload begins, at QoS 0).
        at = self._body + 2
        if at <= end:
            at += self._in[self._body] << 8 | self._in[self._body + 1]
        if first & 0x04 or at + (first & 0x02) > end:
            raise ProtocolError("a malformed PUBLISH came (first byte 0x%02x)" % first)
        return at

    def _drain(self):
        if self._body:
            self.discard(_SMALL)
            self._body = 0
        self._skip -= self._need
        self._have = 0
        self._need = min(self._skip, _SMALL)
        if not self._skip:
            self._begin()


def _bounds(packet, have):
    # Returns where the body begins (0 while the fixed header is incomplete) and the packet ends.
    size = shift = 0
    for at in range(1, 5):
        if at >= have:
            return 0, 0
        size |= (packet[at] & 0x7F) << shift
        if packet[at] < 0x80:
            return at + 1, at + 1 + size
        shift += 7
    raise ProtocolError("a packet's length has more than four bytes")
