"""Alink requests, and the replies to them (docs/protocol.md, section "TSL")."""

from micropython import const

from . import envelope
from .errors import ProtocolError

_MOST = const(32)  # Requests whose replies are waited for; the oldest is given up first.


class Calls:
    """The requests of one device, or of all sub-devices of one, that wait for a reply."""

    def __init__(self, log):
        self._log = log
        self._id = 0
        self._waiting = {}  # Message id to (who asked, what, handler).

    def request(self, device, what, params, qos, on_reply):
        """Send a request of a device; see `Device.request`."""
        topic = device.topic("thing/" + what)
        if on_reply is False:
            self._id += 1
            device.publish(topic, envelope.request(self._id, what, params, 0), qos)
            return self._id
        device._hear_reply(topic + b"_reply", self.take)
        number = self._id + 1
        device.publish(topic, envelope.request(number, what, params), qos)
        self._id = number
        self._waiting[number] = device, what, on_reply
        if len(self._waiting) > _MOST:
            self._end(min(self._waiting), 0, None, "no reply came")
        return number

    def fail(self):
        """The session has ended: no reply will come to what was asked in it."""
        while self._waiting:
            self._end(min(self._waiting), 0, None, "the session ended before the reply")

    def take(self, topic, payload):
        """Give a reply to who asked."""
        try:
            number, code, data, message = envelope.reply(payload)
        except ProtocolError as error:
            self._log(str(error))
            return
        if number in self._waiting:  # What was given up, or declined, is nobody's.
            self._end(number, code, data, message)

    def _end(self, number, code, data, message):
        device, what, handler = self._waiting.pop(number)
        if handler:
            handler(code, data, message)
        elif device.on_reply:
            device.on_reply(number, code, message)
        else:
            name = " ".join(what.split("/")[-2:])
            device._log("%s %d answered: %d %s" % (name, number, code, message))
