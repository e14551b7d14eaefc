"""The requests that a gateway makes for its sub-devices, one on its way at a time.

docs/protocol.md, section "Sub-devices". What is due comes from `roster`, names and secrets from
`substore`, bytes from `topo`. Loaded with these while there is something to do.
"""

import os
from binascii import hexlify
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import envelope, roster, topo
from .carrier import ASKED
from .errors import ProtocolError, StoreError

_PATIENCE_MS = const(10000)
_LOGIN_MS = const(6)  # So long for each login: 167 a second, 200 are allowed.
_MOST_REGISTERED = const(20)  # 30 are allowed, but the answer has to fit in 4 KiB.
_BESIDE = const(512)

# Codes that are about the platform or the moment, not about one sub-device; 0: no reply came.
_PASSING = (0, 429, 500)
_GONE = (6401, 6100, 6250)  # There is nothing left to delete.


class Errands:
    """What is on its way for a gateway, and what comes of it."""

    def __init__(self, gateway):
        self._gateway = gateway
        self._subs = []  # (slot, sub-device) of the request on its way.
        self._stage = self._number = 0
        self._until = ticks_ms()  # Patience for the reply, or rest before the next request.
        self.idle = False  # Whether nothing is on its way, or due.

    def step(self, now):
        """Ask for what is due; return the milliseconds until there may be more to do.

        Raises TransportError when the session ends here.
        """
        left = ticks_diff(self._until, now)
        if left > 0:
            return left
        if self._subs:
            self._end(0, None, now)
        gateway = self._gateway
        stage, slots, wait = gateway.roster.next(now, gateway.batch)
        self.idle = not slots
        if slots:
            self._ask(stage, slots, now)
            wait = max(0, ticks_diff(self._until, now))
        return wait

    def take(self, payload):
        """Take the reply to the request on its way."""
        try:
            number, code, data, _ = envelope.reply(payload)
        except ProtocolError as error:
            self._gateway._log(str(error))
            return
        if number == self._number and self._subs:
            now = ticks_ms()
            rest = len(self._subs) * _LOGIN_MS if self._stage == roster.RELATED else 0
            self._until = ticks_add(now, rest)
            self._end(code, data, now)

    def _ask(self, stage, slots, now):
        gateway = self._gateway
        subs = list(gateway.store.read(slots))
        for slot in slots:
            if slot not in [one for one, _ in subs]:
                gateway.roster.leave(slot, now, roster.EMPTY)  # Its record is damaged, and gone.
        what = ASKED[stage]
        if stage == roster.NAMED:
            what, subs = self._registrable(subs)
        if not subs:
            return
        if len(subs) == 1 and stage in (roster.RELATED, roster.ONLINE):
            what = ASKED[stage + 3]
        self._number += 1
        try:
            payload = self._payload(stage, what, [sub for _, sub in subs])
            bytearray(len(payload) + _BESIDE)  # The link needs as much again, and cannot go back.
        except MemoryError:
            if gateway.batch == 1:
                raise
            gateway.batch //= 2
            gateway._log("short of heap: %d sub-devices a request from now on" % gateway.batch)
            return
        if stage == roster.RELATED:
            for slot, _ in subs:
                gateway.roster.charge(slot, now)
        gateway.publish(gateway.own(what), payload)
        self._stage, self._subs = stage, subs
        self._until = ticks_add(now, _PATIENCE_MS)

    def _payload(self, stage, what, subs):
        method, head, tail, each, more = b"", b"[", b"]", topo.named, ()
        if what.startswith("thing"):
            method = what.replace("/", ".").encode()
        if what == ASKED[0]:
            head, tail, each = b'{"proxieds":[', b"]}", topo.proxied
            more = self._gateway.products, hexlify(os.urandom(8))
        elif stage == roster.REGISTERED:
            each, more = topo.signed, (b'"signmethod":"hmacSha256"',)
        elif stage == roster.RELATED:
            each, more = topo.signed, (b'"cleanSession":"true"',)
            head, tail = b'{"signMethod":"hmacSha256","deviceList":[', b"]}"
        if what in ASKED[6:]:
            head = tail = b""
            if more:
                more = (b'"signMethod":"hmacSha256",' + more[0],)
        return topo.request(self._number, method, head, subs, tail, each, *more)

    def _registrable(self, subs):
        # Those that register like the first: signed where their product's secret is burned.
        products = self._gateway.products
        signed = bool(subs) and subs[0][1][0] in products
        alike = [one for one in subs if (one[1][0] in products) == signed]
        return ASKED[0] if signed else ASKED[roster.NAMED], alike[:_MOST_REGISTERED]

    def _end(self, code, data, now):
        subs, self._subs = self._subs, []
        stage, book = self._stage, self._gateway.roster
        if code == 200 and stage == roster.NAMED:
            left = self._registered(subs, data, now)
            if len(subs) > 1:
                for slot, _ in left:
                    book.alone(slot)  # Why it was left out, the platform tells only of one.
            elif left:
                self._refused(stage, left[0][0], left[0][1], _failure(data), now)
            return
        if code == 200:
            for slot, sub in subs:
                self._done(stage, slot, sub, now)
            return
        named = _names(data) if isinstance(data, list) else ()
        for slot, sub in subs:
            if len(subs) == 1:
                self._refused(stage, slot, sub, code, now)
            elif code in _PASSING:
                book.refuse(slot, now)
            elif sub[:2] in named:
                self._refused(stage, slot, sub, code, now)
            elif not named:
                book.alone(slot)
            if not code:
                book.alone(slot)  # The reply may have been too long for us.

    def _registered(self, subs, data, now):
        # Keeps the secrets that came; returns those whose secret did not.
        secrets = _secrets(data)
        kept = {}
        for slot, sub in subs:
            if sub[:2] in secrets:
                kept[slot] = sub[0], sub[1], secrets[sub[:2]]
        if kept and self._save(kept):
            for slot in kept:
                self._gateway.roster.move(slot, roster.REGISTERED, now)
        else:
            for slot in kept:
                self._gateway.roster.refuse(slot, now)
        return [one for one in subs if one[0] not in kept]

    def _done(self, stage, slot, sub, now):
        gateway = self._gateway
        book = gateway.roster
        if stage == roster.RELATED:
            book.move(slot, roster.ONLINE, now)
            gateway.came(sub)
        elif stage == roster.LEAVING and book.is_wanted(slot):
            book.move(slot, roster.REGISTERED, now)  # It was added again meanwhile.
        elif stage == roster.LEAVING:
            if self._save({slot: None}):
                book.leave(slot, now, roster.EMPTY)
            else:
                book.refuse(slot, now)
        else:
            book.move(slot, roster.RELATED, now)
            if stage == roster.ONLINE:
                gateway.tell(sub, "offline", 200)

    def _refused(self, stage, slot, sub, code, now):
        # One alone, or one that the reply names.
        book = self._gateway.roster
        if stage == roster.ONLINE or (stage == roster.LEAVING and code in _GONE):
            self._done(stage, slot, sub, now)
        elif code == 6401 and book.once(slot, roster.REJOINED, roster.REGISTERED, now):
            return  # Not in our topology; it is added.
        elif code in (6287, 401) and book.once(slot, roster.RENEWED, roster.NAMED, now):
            return  # Another DeviceSecret counts by now.
        elif code in (522, 6204):
            book.park(slot, code)
            self._gateway.tell(sub, "disabled", code)
        else:
            book.refuse(slot, now, code)
            self._gateway.tell(sub, "refused", code)

    def _save(self, changes):
        try:
            self._gateway.store.save(changes)
        except StoreError as error:
            self._gateway._log(str(error))
            return False
        return True


def _names(pairs):
    found = []
    for one in pairs:
        if isinstance(one, dict):
            found.append((one.get("productKey", "").encode(), one.get("deviceName", "").encode()))
    return found


def _secrets(data):
    # Returns {(ProductKey, DeviceName): DeviceSecret} of either registration.
    found = {}
    try:
        for one in data if isinstance(data, list) else data["successes"]:
            name = one["productKey"].encode(), one["deviceName"].encode()
            found[name] = one["deviceSecret"].encode()
    except (KeyError, TypeError, AttributeError):
        pass  # Whoever has no secret by now is refused.
    return found


def _failure(data):
    # Returns the code of the only one that a signed registration failed for, 0 if it has none.
    try:
        return int(data["failures"][0]["code"])
    except (KeyError, TypeError, IndexError, ValueError):
        return 0
