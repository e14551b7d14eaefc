"""The requests that a gateway makes for its sub-devices, one on its way at a time.

docs/reference/protocol.md, "Sub-devices". `roster` decides which request is due. Loaded while work
is left. `request_table` chooses a request, `request_bytes` builds it, `secrets` and `replies` act
on its reply; each is loaded for that step only.
"""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..errors import ProtocolError
from ..gateway import roster

envelope = heap.load("envelope", True)

_PATIENCE_MS = const(10000)
_BESIDE = const(512)


class Requests:
    """The request on its way for a gateway, and its reply."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.subs = []  # (slot, sub-device) of the request on its way.
        self.stage = 0
        self.number = ticks_ms()  # Unlike numbers of earlier `Requests`: a reply may be late.
        self.idle = False  # Whether nothing is on its way, or due.
        self._reply = None  # (code, data), until `step` acts on it.
        self._until = ticks_ms()  # Patience for the reply, or rest before the next request.

    def step(self, now):
        """Act on a reply, or send the request that is due; return the milliseconds to wait.

        Raises TransportError when the session ends here.
        """
        left = ticks_diff(self._until, now)
        if self._reply:
            self._end(*self._reply, now)
            return 0
        if left > 0:
            return left
        if self.subs:
            self._end(0, None, now)
            return 0
        stage, slots, wait = self.gateway.roster.next(now, self.gateway.batch)
        self.idle = not slots
        if slots:
            self._ask(stage, slots, now)
            wait = max(0, ticks_diff(self._until, now))
        return wait

    def take(self, payload):
        """Take the reply to the request on its way; None: it was too long to be received."""
        number, code, data = self.number, None, None
        try:
            if payload is not None:
                number, code, data, _ = envelope.reply(payload)
        except ProtocolError as error:
            self.gateway._log(str(error))
            return
        except MemoryError:
            pass
        if number == self.number and self.subs:
            self._reply = code, data

    def _ask(self, stage, slots, now):
        self.number += 1
        try:
            topic, payload, subs = self._request(stage, slots, now)
            bytearray(len(payload) + _BESIDE)  # `publish` needs it, and cannot go back.
        except MemoryError:
            self._smaller(slots, now)
            return
        if not subs:
            return
        if stage == roster.RELATED:
            for slot, _ in subs:
                self.gateway.roster.charge(slot, now)
        self.gateway.publish(topic, payload)
        self.stage, self.subs = stage, subs
        self._until = ticks_add(now, _PATIENCE_MS)

    def _request(self, stage, slots, now):
        gateway = self.gateway
        subs = gateway.read(slots)  # Each step before the next: their code would not fit together.
        for slot in slots:
            if slot not in [one for one, _ in subs]:
                gateway.roster.leave(slot, now, roster.EMPTY)  # Its record is damaged, and gone.
        topic, subs, method, head, tail, each, more = heap.call(
            "gateway.request_table", "plan", gateway, stage, subs
        )
        named = [sub for _, sub in subs]
        payload = heap.call(
            "gateway.request_bytes", "request", self.number, named, method, head, tail, each, more
        )
        return topic, payload, subs

    def _end(self, code, data, now):
        self._reply = None
        self._until = now
        subs, self.subs = self.subs, []
        if code is None:
            self._smaller([slot for slot, _ in subs], now)
            return
        if code == 200 and self.stage == roster.NAMED:
            code = heap.call("gateway.secrets", "keep", self.gateway, subs, data, now)
            if code == 200:
                return
        stage = self.stage
        rest = heap.call("gateway.replies", "settle", self.gateway, stage, subs, code, data, now)
        self._until = ticks_add(now, rest)

    def _smaller(self, slots, now):
        # A request and its reply have to fit into the free heap.
        gateway = self.gateway
        if gateway.batch > 1:
            gateway.batch //= 2
            gateway._log("heap is short: %d sub-devices per request from now on" % gateway.batch)
        else:
            for slot in slots:
                gateway.roster.refuse(slot, now)
            gateway._log("heap is short for a single sub-device; it is retried later")
