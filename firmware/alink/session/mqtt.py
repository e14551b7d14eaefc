"""MQTT 3.1.1 for a device that is logged in: whole packets in, whole packets out, never a block.

Bytes are collected until a packet is complete, so a peer that dribbles holds up no caller; each
packet leaves in one write. `packets` logs in. docs/explanation/decisions.md says why this is not
umqtt.simple. docs/reference/protocol.md, "MQTT profile".
"""

import struct
from time import ticks_ms

from micropython import const

from .. import heap
from ..errors import ProtocolError

_SMALL = const(176)  # The buffer between packets: a topic fits. A longer packet gets a larger one.
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)


class MQTTClient:
    """One MQTT connection, which `packets.connect` has logged in."""

    def __init__(self, connection, link):
        """A publish at QoS 1 (codes empty) and a subscribe (a code for each filter) end with
        `link.acknowledged(packet_id, codes)`. `link.device.max_packet` is in bytes.
        """
        self.connection = connection
        self.sent_at = ticks_ms()
        self.received_at = ticks_ms()  # A caller that waits sets None; each byte sets it again.
        self.duplicate = False  # Whether the last message had DUP set.
        self.in_flight = set()
        self.packet_id = 0  # The last one.
        self.link = link
        self.buf = bytearray(_SMALL)
        self.discard = 0  # Bytes of a packet that is too long, still to come or to drop.
        self.begin()

    def begin(self):
        if len(self.buf) != _SMALL:
            self.buf = bytearray()  # Its heap may be needed.
            self.buf = bytearray(_SMALL)
        self.count = 0  # Bytes of the current packet.
        self.readsize = 2  # Bytes wanted before the next decision.
        self.body = 0  # Where its body begins; 0 while the header is incomplete.

    # Out

    def publish(self, topic, payload, qos=0):
        """Send a message, bytes on a topic in bytes; return its packet id, 0 at QoS 0."""
        packet_id = self.next() if qos else 0
        try:
            size = 2 + len(topic) + 2 * qos + len(payload)
            packet = bytearray((0x30 | qos << 1,))
            while size > 0x7F:
                packet.append(size & 0x7F | 0x80)
                size >>= 7
            packet.append(size)
            packet += struct.pack("!H", len(topic))
            packet += topic
            if qos:
                packet += struct.pack("!H", packet_id)
            packet += payload
            self.write(packet)
        except BaseException:  # A wrong type, a short heap, Ctrl-C: nothing of it may stay here.
            self.in_flight.discard(packet_id)
            raise
        return packet_id

    def subscribe(self, filters):
        """Ask for several topic filters (bytes) in one packet, at QoS 1; return its packet id."""
        # It takes the packet id once it is loaded: where heap is short no id is lost.
        self.write(heap.call("session.frame", "subscribe", self.next, filters))
        return self.packet_id

    def write(self, packet):
        """Send a packet. Raises TransportError; the connection is closed then."""
        try:
            self.connection.send(memoryview(packet))
        except BaseException:
            self.connection.close()  # A part of it may have left: nothing can follow that.
            raise
        self.sent_at = ticks_ms()

    def next(self):
        """Return the next packet id that is not in flight; it is in flight from now on."""
        packet_id = self.packet_id
        while True:
            packet_id = packet_id % 65535 + 1
            if packet_id not in self.in_flight:
                break
        self.packet_id = packet_id
        self.in_flight.add(packet_id)
        return packet_id

    # In

    def receive(self):
        """Take in what has arrived, without blocking; return the next message, (topic, payload) in
        bytes, or None.

        The client acknowledges it. A message that is too long for `max_packet` or the heap has the
        payload None: unacknowledged, the platform would send it again at QoS 1. Raises
        TransportError, ProtocolError, and MemoryError for a packet of another kind.
        """
        while True:
            while self.count < self.readsize:
                count = self.connection.readinto(memoryview(self.buf)[self.count : self.readsize])
                if count is None:
                    return None
                self.count += count
                self.received_at = ticks_ms()
            message = None
            if self.discard:
                message = self.flush()
            elif not self.body:
                self.peek()
            else:
                first = self.buf[0]
                if first & 0xF0 == 0x30:
                    message = self.unpack(first, self.readsize)
                    self.begin()
                else:
                    body = bytes(memoryview(self.buf)[self.body : self.readsize])
                    self.begin()
                    self.acknowledged(first, body)
            if message:
                return message

    def peek(self):
        # Finds where the body begins and where the packet ends.
        size = 0
        for at in range(1, self.count):
            byte = self.buf[at]
            size |= (byte & 0x7F) << 7 * (at - 1)
            if byte < 0x80:
                break
        else:
            if self.count == 5:
                raise ProtocolError("a packet's length has more than four bytes")
            self.readsize += 1
            return
        self.body = at + 1
        self.readsize = end = at + 1 + size
        if end <= _SMALL:
            return
        try:
            if end > self.link.device.max_packet:
                raise MemoryError
            grown = bytearray(end)
        except MemoryError:
            self.discard = end
            self.readsize = _SMALL
            return
        grown[: self.count] = memoryview(self.buf)[: self.count]
        self.buf = grown

    def unpack(self, first, end, dropped=False):
        # Returns the message of a PUBLISH of which `end` bytes are here, and acknowledges it.
        at = self.body + 2  # Where its packet id stands, or at QoS 0 the payload.
        if at <= end:
            at += self.buf[self.body] << 8 | self.buf[self.body + 1]
        start = at + (first & 0x02)
        if first & 0x04 or start > end:
            raise ProtocolError("a malformed PUBLISH came (first byte 0x%02x)" % first)
        packet = memoryview(self.buf)
        topic, payload = bytes(packet[self.body + 2 : at]), None
        if not dropped:
            try:
                payload = bytes(packet[start:end])
            except MemoryError:
                pass
        if first & 0x02:
            self.write(b"\x40\x02" + bytes(packet[at:start]))
        self.duplicate = first & 0x08 != 0
        return topic, payload

    def flush(self):
        message = None
        if self.body and self.buf[0] & 0xF0 == 0x30:
            message = self.unpack(self.buf[0], _SMALL, True)
        self.body = 0
        self.discard -= self.readsize
        self.count = 0
        self.readsize = min(self.discard, _SMALL)
        if not self.discard:
            self.begin()
        return message

    def acknowledged(self, first, body):
        kind = first & 0xF0
        if kind in (_PUBACK, _SUBACK) and len(body) >= 2:
            packet_id = body[0] << 8 | body[1]
            if packet_id in self.in_flight:  # A repeated acknowledgment is ignored.
                self.in_flight.discard(packet_id)
                self.link.acknowledged(packet_id, body[2:])
        elif kind != _PINGRESP:  # A PINGRESP only counts as received bytes.
            raise ProtocolError("an unexpected packet came (first byte 0x%02x)" % first)
