"""A device whose connection carries those of sub-devices: the engine of `Gateway`.

docs/protocol.md, section "Sub-devices". Beside the session of `Device` it keeps `roster` going:
`errands` are loaded while something is due, `notices` for a message from the cloud.
"""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import heap
from .device import Device
from .errors import StoreError, TransportError
from .roster import EMPTY, NAMED, ONLINE, RELATED, Roster, mark_of
from .subdevice import REPLIES, route

# Where to ask: for a signed registration; by stage of `roster`; for one login, for one logout.
ASKED = (
    "thing/proxy/provisioning/product_register",
    "thing/sub/register",
    "thing/topo/add",
    "combine/batch_login",
    "combine/batch_logout",
    "thing/topo/delete",
    "combine/login",
    "combine/logout",
)

_SOON_MS = const(1000)  # What is loaded stays loaded for something that is due so soon.


class Carrier(Device):
    """A device with sub-devices behind it."""

    def __init__(self, batch, path, **settings):
        super().__init__(**settings)
        self.batch = batch
        self.on_state = self.on_add = None
        self.roster = Roster()
        self.store = None  # Open while there is something to do.
        self.products = {}  # ProductKey to ProductSecret of sub-devices, as burned.
        self._path = path
        self._errands = None
        self.held = []  # Sub-devices that have handlers or hooks.
        self._new = []  # Names that are not on flash yet.
        self._replies = None
        self._session = 0
        self._next = ticks_ms()

    def begin(self):
        """Take up what is burned and on flash, before the first session."""
        for value in self._fields.get("SubProduct", ()):
            end = 1 + value[0]
            if len(value) > end:
                self.products[value[1:end]] = value[end:]
        now = ticks_ms()
        for slot, sub in self.open().read():
            self.roster.put(mark_of(sub[0], sub[1]), RELATED if sub[2] else NAMED, now, slot)
        self._shut()

    def _step(self):
        wait = super()._step()
        now = ticks_ms()
        begun = self.online() != self._session
        if begun:
            self._session = self.online()
            self._errands = None
            self._next = now
            self.roster.lost(now)
            if self._replies:
                self._replies.fail()
        if self._new:
            self._keep_new()
        if self.store and not self._errands:
            self._shut()
        if not self._session:
            return wait
        try:
            if begun:
                self._listen()
            return min(wait, self._serve(now))
        except TransportError:
            return 0  # The link has told of it.

    def _serve(self, now):
        if self._errands is None:
            left = ticks_diff(self._next, now)
            if left > 0:
                return left
            _, due, wait = self.roster.next(now, 1)
            if not due:
                self._next = ticks_add(now, wait)
                return wait
            from .errands import Errands

            self.open()
            self._errands = Errands(self)
        wait = self._errands.step(now)
        if self._errands.idle and wait > _SOON_MS:
            self._next = ticks_add(now, wait)
            self._errands = None
            self._shut()
        return wait

    def _listen(self):
        # In each session anew: kept as routes they would take more than a kilobyte.
        self._link.otherwise = self._otherwise  # pyright: ignore[reportAttributeAccessIssue]
        topics = [self.own(what) + b"_reply" for what in ASKED]
        for what in ("topo/change", "topo/add/notify"):
            topics.append(self.topic("thing/" + what))
        topics.append(self.topic("/ext/error/%s/%s" % (self.product_key, self.device_name)))
        self.hear(topics)

    def _otherwise(self, topic, payload):
        if route(self, topic, payload):
            return
        if topic.endswith(b"_reply"):
            if self._errands:
                self._errands.take(payload)
            return
        from . import notices

        notices.take(self, topic, payload)
        notices = None
        heap.unload("notices")
        self._next = ticks_ms()

    # What sub-devices, errands and notices need

    def own(self, what):
        """Return a topic of ASKED as bytes."""
        family = "/ext/session" if what.startswith("combine") else "/sys"
        return ("%s/%s/%s/%s" % (family, self.product_key, self.device_name, what)).encode()

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
        self._link.subscribe(*filters)

    def came(self, sub):
        """A sub-device has logged in: (ProductKey, DeviceName) in bytes."""
        key, name = sub[0].decode(), sub[1].decode()
        held = [one for one in self.held if one.is_about(key, name)]
        filters = [("/sys/%s/%s/%s" % (key, name, REPLIES)).encode()]
        for one in held:
            filters += one.filters(name)
        self.hear(filters)
        self.tell(sub, "online", 200)
        for one in held:
            self.safely(one.call, name, one.came)

    def tell(self, sub, state, code):
        """Tell the application what became of a sub-device."""
        key, name = sub[0].decode(), sub[1].decode()
        self._log("%s/%s: %s %s" % (key, name, state, code or ""))
        if self.on_state:
            self.safely(self.on_state, key, name, state, code)

    def replies(self):
        """Return what waits for the replies to all sub-devices."""
        if self._replies is None:
            from .calls import Calls

            self._replies = Calls(self._log)
        return self._replies

    # Helpers

    def slot(self, product_key, device_name):
        """Return the slot of a sub-device, None if there is none."""
        sub = product_key.encode(), device_name.encode()
        slots = self.roster.find(mark_of(sub[0], sub[1]))
        if len(slots) > 1:  # Two names with one mark: flash tells.
            for slot, found in list(self.open().read(slots)):
                if found[:2] == sub:
                    return slot
        return slots[0] if slots else None

    def _keep_new(self):
        new, self._new = self._new, []
        now = ticks_ms()
        changes = {}
        for key, name in new:
            slot = self.roster.put(mark_of(key, name), NAMED, now)
            self.roster.want(slot, now)
            changes[slot] = key, name, b""
        try:
            self.open().save(changes)
        except StoreError as error:
            self._log(str(error))
            for slot, sub in changes.items():
                self.roster.leave(slot, now, EMPTY)
                self.tell(sub, "refused", 0)

    def open(self):
        """Return the store."""
        if self.store is None:
            from .substore import SubStore

            self.store = SubStore(self._path, self._log)
        return self.store

    def _shut(self):
        self.store = None
        heap.unload("errands", "substore", "topo", "sign")

    def safely(self, function, *arguments):
        """Call what the application gave; return what it does, None if it fails."""
        try:
            return function(*arguments)
        except Exception as error:
            # A mistake in an application's handler must not stop the others.
            self._log("a handler about sub-devices failed: %r" % error)
        return None
