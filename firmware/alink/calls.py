"""Alink requests, and the replies to them (docs/reference/protocol.md, "TSL")."""

from time import ticks_ms

from alink import heap
from alink.errors import ProtocolError, safely

envelope = heap.load("envelope", True)


class Calls:
    """The requests of one device, or of all sub-devices of one, that wait for a reply."""

    max = 32  # Requests that may wait for a reply: the setting `max_requests`.

    def __init__(self, log):
        self._log = log
        self.id = 0
        self.waiting = {}  # Message id to (device, what, handler, ticks).

    def request(self, device, what, params, qos, on_reply):
        """Send a request of a device; see `Device.request`."""
        topic = device.topic("thing/" + what)
        waits = on_reply is not False
        if waits and len(self.waiting) >= self.max:
            heap.call("lost_replies", "make_room_for_one", self)
        number = self.id + 1
        payload = envelope.request(number, what, params, int(waits))
        if waits:
            device._hear_reply(topic + b"_reply", self.take)
        device.publish(topic, payload, qos)
        self.id = number
        if waits:
            self.waiting[number] = device, what, on_reply, ticks_ms()
        return number

    def fail(self):
        """Give up all requests, because their session has ended and no reply will come."""
        while self.waiting:
            self.reply(min(self.waiting), 0, None, "the session ended before the reply")

    def take(self, topic, payload):
        """Pass a reply to the handler of its request; None is a reply that was too long."""
        try:
            if payload is None:
                raise MemoryError
            number, code, data, message = envelope.reply(payload)
        except MemoryError:
            heap.call("lost_replies", "end", self, topic)
        except ProtocolError as error:
            self._log(str(error))
        else:
            if number in self.waiting:  # Else it was given up, or declined.
                self.reply(number, code, data, message)

    def reply(self, number, code, data, message):
        """Call the handler of a request, else `on_reply` of its device, else log the reply."""
        device, what, handler, _ = self.waiting.pop(number)
        if handler:
            safely(self._log, what, handler, code, data, message)
        elif device.on_reply:
            device.on_reply(number, code, message)
        else:
            name = " ".join(what.split("/")[-2:])
            device._log("%s %d answered: %d %s" % (name, number, code, message))
