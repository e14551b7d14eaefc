"""MQTT 3.1.1 for a device: umqtt.simple's PUBLISH encoder and parser over our `Stream`.

Its own are subscribe, disconnect and the packet ids; `packets` logs in. Runs on umqtt.simple 1.3.4
as well as on 1.6 to 1.8, unmodified (docs/explanation/decisions.md).
"""

from micropython import const
from umqtt import simple

from .. import heap
from ..errors import ProtocolError, TransportError
from .stream import Stream

_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)


class MQTTClient(simple.MQTTClient):
    """One MQTT connection that is logged in; nothing here blocks.

    `on_message(topic, payload)` gets bytes and must only queue. `on_ack(packet_id, codes)` tells
    that a QoS 1 publish (codes empty) or a subscribe (a code a filter) was acknowledged.
    """

    def __init__(self, connection, on_message, on_ack, max_packet=4096):
        super().__init__(b"", None)
        self.sock = Stream(connection, self.on_packet, max_packet)
        self.set_callback(on_message)
        self.in_flight = set()
        self.on_ack = on_ack

    def publish(self, topic, msg, retain=False, qos=0):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Send a message; return its packet id, 0 at QoS 0. Topic and payload are bytes."""
        packet_id = 0
        if qos:
            # umqtt adds one, and would run past 65535 and over ids still in flight.
            packet_id = self.free_id()
            self.pid = packet_id - 1
        try:
            simple.MQTTClient.publish(self, topic, msg, retain, qos)  # super() takes longer.
        except BaseException:  # A wrong type, a short heap, Ctrl-C: nothing of it may stay here.
            self.sock.forget()
            self.in_flight.discard(packet_id)
            raise
        return packet_id

    def subscribe(self, filters):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Ask for several topic filters (bytes) in one packet, at QoS 1; return its packet id."""
        # It takes the packet id once it is loaded: where heap is short no id is lost.
        self.sock.write(heap.call("session.frame", "subscribe", self.free_id, filters))
        return self.pid

    def disconnect(self):
        """Say DISCONNECT where that is still possible and close; never raises."""
        try:
            self.sock.write(b"\xe0\0")
        except TransportError:
            pass  # The peer learns it from the closed socket.
        self.sock.close()

    def free_id(self):
        """Return the next packet id that is not in flight; it is in flight from now on."""
        packet_id = self.pid
        while True:
            packet_id = packet_id % 65535 + 1
            if packet_id not in self.in_flight:
                break
        self.pid = packet_id
        self.in_flight.add(packet_id)
        return packet_id

    def on_packet(self, first, body):
        """Take an acknowledgment; see `Stream`. Raises ProtocolError for any other packet."""
        kind = first & 0xF0
        if kind in (_PUBACK, _SUBACK) and len(body) >= 2:
            packet_id = body[0] << 8 | body[1]
            if packet_id in self.in_flight:  # A repeated acknowledgment is ignored.
                self.in_flight.discard(packet_id)
                self.on_ack(packet_id, body[2:])
        elif kind != _PINGRESP:  # A PINGRESP only counts as received bytes.
            raise ProtocolError("an unexpected packet came (first byte 0x%02x)" % first)
