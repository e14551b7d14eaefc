"""A device whose connection carries those of sub-devices: the engine of `Gateway`.

docs/reference/protocol.md, "Sub-devices". Besides the session of `Device` it keeps `roster` going.
`requests` is loaded while something is due, `names` for new names, `notifications` for a message
from the cloud.
"""

import gc
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..device import Device
from ..errors import StoreError, TransportError, safely
from .roster import ONLINE, Roster, mark_of
from .sub_device import route

_SOON_MS = const(1000)  # Loaded modules stay loaded if the next step is due this soon.


class Engine(Device):
    """A device with sub-devices behind it."""

    def __init__(self, batch, path, **settings):
        super().__init__(**settings)
        self.batch = batch
        self.on_state = self.on_add = None
        self.roster = Roster()
        self.products = {}  # ProductKey to ProductSecret of sub-devices, as burned.
        self._path = path
        self._requests = None
        self.held = []  # Sub-devices that have handlers or hooks.
        self._new = []  # Names that are not on flash yet.
        self._replies = None
        self._session = 0
        self._next = ticks_ms()

    def _step(self):
        wait = super()._step()
        now = ticks_ms()
        begun = self.online() != self._session
        if begun:
            self._session = self.online()
            self._requests = None
            self._next = now
            self.roster.lost(now)
            if self._replies:
                self._replies.fail()
        try:
            if self._new:
                self.keep_new()
            if not self._session:
                return wait
            if begun:
                gc.collect()  # From up here, as `connect` does: the boot has just ended.
                self._listen()
            return min(wait, self._serve(now))
        except TransportError:
            return 0  # The link has told of it.
        except MemoryError:
            if begun:
                self._session = 0  # It was not listened to.
            self._requests = None
            self._log("heap is short; retried in 1 s")
            return _SOON_MS

    def _serve(self, now):
        if self._requests is None:
            left = ticks_diff(self._next, now)
            if left > 0:
                return left
            _, due, wait = self.roster.next(now, 1)
            if not due:
                self._next = ticks_add(now, wait)
                return wait
            self._requests = heap.call("gateway.requests", "Requests", self)
        wait = self._requests.step(now)
        if self._requests.idle and wait > _SOON_MS:
            self._next = ticks_add(now, wait)
            self._requests = None
            gc.collect()
        return wait

    def _listen(self):
        # Again in each session: kept as routes they would take more than a kilobyte.
        self._link.default = self._otherwise  # pyright: ignore[reportAttributeAccessIssue]
        self.hear(heap.call("gateway.request_table", "heard", self))

    def _otherwise(self, topic, payload):
        if route(self, topic, payload):
            return
        if topic.endswith(b"_reply"):
            if self._requests:
                self._requests.take(payload)
            return
        heap.call("gateway.notifications", "take", self, topic, payload)
        self._next = ticks_ms()

    # Called by `sub_device` and by the steps

    def open(self):
        """Return the store."""
        return heap.call("gateway.storage", "Storage", self._path, self._log)

    def read(self, slots):
        """Return [(slot, sub-device), ...] from flash for these slots."""
        return list(self.open().read(slots))

    def save(self, changes):
        """Keep {slot: sub-device, None to empty it} on flash; return whether it took them."""
        try:
            self.open().save(changes)
        except (StoreError, MemoryError) as error:
            self._log(str(error))
            return False
        return True

    def session_of(self, product_key, device_name):
        """Return the number of the session in which a sub-device is logged in, or 0."""
        slot = self.slot(product_key, device_name)
        online = slot is not None and self.roster.stage(slot) == ONLINE
        return self._session if online and self._session == self.online() else 0

    def hold(self, sub):
        """Keep a sub-device that has handlers or hooks."""
        if sub not in self.held:
            self.held.append(sub)

    def hear(self, filters):
        """Subscribe for this session only."""
        self._link.subscribe(*filters)  # pyright: ignore[reportAttributeAccessIssue]

    def tell(self, sub, state, code):
        """Tell the application what became of a sub-device."""
        key, name = sub[0].decode(), sub[1].decode()
        self._log("%s/%s: %s %s" % (key, name, state, code or ""))
        if self.on_state:
            safely(self._log, "a sub-device", self.on_state, key, name, state, code)

    def replies(self):
        """Return what waits for the replies to all sub-devices."""
        if self._replies is None:
            self._replies = heap.load("calls", True).Calls(self._log)
        return self._replies

    # Helpers

    def slot(self, product_key, device_name):
        """Return the slot of a sub-device, or None for an unknown one."""
        sub = product_key.encode(), device_name.encode()
        slots = self.roster.find(mark_of(sub[0], sub[1]))
        if len(slots) > 1:  # Two names with one mark: flash tells.
            for slot, found in self.read(slots):
                if found[:2] == sub:
                    return slot
        return slots[0] if slots else None

    def keep_new(self):
        """Keep the new names on flash."""
        heap.call("gateway.names", "keep", self)
