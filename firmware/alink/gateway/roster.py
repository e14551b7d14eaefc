"""Where each of a gateway's sub-devices stands, in some twenty bytes of RAM. Pure.

A sub-device has a slot, the same here and in `storage`, where its names and its secret are. `next`
returns the slots that are due. Every time is a `ticks_ms` value given by the caller.
docs/reference/protocol.md, "Sub-devices".
"""

from array import array
from binascii import crc32
from time import ticks_add, ticks_diff

from micropython import const

# Stages; what is to be done with one that is wanted and stands here.
EMPTY = const(0)
NAMED = const(1)  # Register it.
REGISTERED = const(2)  # Add it to the topology.
RELATED = const(3)  # Log it in.
ONLINE = const(4)  # Nothing; if it is not wanted: log it out.
LEAVING = const(5)  # Delete it from the topology, wanted or not.

_STAGE = const(0x07)
_WANTED = const(0x08)
_SOLO = const(0x10)  # It goes in a separate request: a batch with it was refused.
RENEWED = const(0x20)  # It was registered again since it was wanted, or
REJOINED = const(0x40)  # related again: neither is done twice.
_PARKED = const(0x80)  # The cloud has disabled it.

# At most five logins in any minute: three at once, then one every 21 seconds.
_LOGIN_MS = const(21000)
_BURST_MS = const(42000)
_FIRST_MS = const(15000)
_LONGEST_MS = const(3600000)
_IDLE_MS = const(3600000)


def mark_of(product_key, device_name):
    """Return 30 bits of a name, in bytes: to find its slot without reading flash."""
    return crc32(b"%s/%s" % (product_key, device_name)) & 0x3FFFFFFF


class Roster:
    """The sub-devices of one gateway, by slot."""

    def __init__(self):
        self._state = bytearray()
        self._tries = bytearray()
        self._marks = array("l")
        self._due = array("l")
        self._paid = array("l")  # Until when its logins are used up.
        self._codes = array("H")  # Why it was refused last.

    def __len__(self):
        return len(self._state)

    def find(self, mark):
        """Return the slots that a name with this mark may have: at most one, except by chance."""
        found = []
        for slot in range(len(self._state)):  # Nothing is allocated: every post comes here.
            if self._marks[slot] == mark and self._state[slot]:
                found.append(slot)
        return found

    def put(self, mark, stage, now, slot=None):
        """Give a name a slot, or the one given; return it."""
        if slot is None:
            slot = 0
            while slot < len(self._state) and self._state[slot]:
                slot += 1
        while slot >= len(self._state):
            self._tries.append(0)
            for each in (self._marks, self._due, self._paid):
                each.append(now)
            self._codes.append(0)
            self._state.append(EMPTY)  # Last: where heap ends in between, there is no such slot.
        self._state[slot] = stage
        self._marks[slot] = mark
        self._fresh(slot, now)
        return slot

    def stage(self, slot):
        """Return where one stands."""
        return self._state[slot] & _STAGE

    def is_wanted(self, slot):
        """Tell whether one is to be online."""
        return self._state[slot] & _WANTED != 0

    def want(self, slot, now):
        """Bring one online from now on, regardless of earlier refusals."""
        stage = self._state[slot] & _STAGE
        self._state[slot] = (RELATED if stage == LEAVING else stage) | _WANTED
        self._fresh(slot, now)

    def leave(self, slot, now, stage=None):
        """Stop bringing one online; set its stage to `stage`, if given."""
        self._state[slot] = self._state[slot] & _STAGE if stage is None else stage
        self._due[slot] = now

    def move(self, slot, stage, now):
        """One has come to a stage; what is to be forgotten stays so."""
        if self.stage(slot) == LEAVING:
            return
        kept = _WANTED | RENEWED | REJOINED | _PARKED
        if stage == ONLINE:
            kept = _WANTED
        self._state[slot] = self._state[slot] & kept | stage
        self._fresh(slot, now)

    def once(self, slot, flag, stage, now):
        """Go back to a stage, unless `flag` says that this was tried; tell whether it was not."""
        if self._state[slot] & flag:
            return False
        self._state[slot] = self._state[slot] & ~_STAGE | flag | stage
        self._due[slot] = now
        return True

    def alone(self, slot):
        """Try one again at once, in a separate request."""
        self._state[slot] |= _SOLO

    def refuse(self, slot, now, code=0):
        """Try one again later: after 15 s, and each time twice as long, up to an hour."""
        wait = min(_FIRST_MS << min(self._tries[slot], 8), _LONGEST_MS)
        self._tries[slot] = min(self._tries[slot] + 1, 255)
        self._due[slot] = ticks_add(now, wait)
        self._codes[slot] = code

    def code(self, slot):
        """Return with which code one was refused last, 0 if it was not."""
        return self._codes[slot]

    def park(self, slot, code=522):
        """Note that the cloud has disabled one; return whether that is news."""
        self._codes[slot] = code
        news = not self._state[slot] & _PARKED
        self._state[slot] |= _PARKED
        if self.stage(slot) == ONLINE:
            self._state[slot] -= ONLINE - RELATED
        return news

    def wake(self, slot, now):
        """Note that the cloud has enabled one; return whether that is news."""
        news = self._state[slot] & _PARKED != 0
        self._state[slot] &= ~_PARKED
        self._due[slot] = now
        return news

    def lost(self, now):
        """Note a new session of the gateway: no sub-device is online, all may try again."""
        for slot in range(len(self._state)):
            if self.stage(slot) == ONLINE:
                self._state[slot] -= ONLINE - RELATED
            self._state[slot] &= ~_PARKED
            self._due[slot] = now

    def charge(self, slot, now):
        """Count a login that is sent."""
        paid = self._paid[slot]
        if not 0 < ticks_diff(paid, now) <= _BURST_MS + _LOGIN_MS:
            paid = now  # Long past: ticks may have gone round since.
        self._paid[slot] = ticks_add(paid, _LOGIN_MS)

    def next(self, now, most):
        """Return (stage, slots, ms): up to `most` slots to be served alike, or when to ask again.

        One that goes alone is never among others.
        """
        kind, found, wait = 0, [], _IDLE_MS
        for slot in range(len(self._state)):
            state = self._state[slot]
            stage = _task(state)
            if not stage or kind not in (0, stage):
                continue
            left = self._left(slot, stage, now)
            if left > 0:
                wait = min(wait, left)
            elif not (found and state & _SOLO):
                kind = stage
                found.append(slot)
                if state & _SOLO or len(found) == most:
                    break
        return kind, found, wait

    def _fresh(self, slot, now):
        self._tries[slot] = self._codes[slot] = 0
        self._due[slot] = now

    def _left(self, slot, stage, now):
        left = ticks_diff(self._due[slot], now)
        if stage == RELATED:
            paid = ticks_diff(self._paid[slot], now)
            if paid <= _BURST_MS + _LOGIN_MS:
                left = max(left, paid - _BURST_MS)
        return left


def _task(state):
    # Returns the stage out of which one is to be brought, 0 for none.
    stage = state & _STAGE
    if stage == LEAVING:
        return stage
    if stage == ONLINE:
        return 0 if state & _WANTED else stage
    return stage if state & (_WANTED | _PARKED) == _WANTED else 0
