"""Act on a reply about sub-devices: move each of them to its next stage.

docs/reference/protocol.md, "Sub-devices". Loaded for one reply.
"""

from micropython import const

from ..errors import safely
from ..gateway import roster
from ..gateway.sub_device import REPLIES

_LOGIN_MS = const(6)  # Rest for each login: 167 a second; the limit is 200.

# Codes that are about the platform or the moment, not about one sub-device; 0: no reply came.
_PASSING = const((0, 429, 500))
_GONE = const((6401, 6100, 6250))  # Nothing is left to delete.


def settle(gateway, stage, subs, code, data, now):
    """Act on the reply to a request out of `stage` for [(slot, sub-device), ...].

    Return the milliseconds to rest before the next request.
    """
    if code == 200:
        for slot, sub in subs:
            _done(gateway, stage, slot, sub, now)
    else:
        _not_all(gateway, stage, subs, code, data, now)
    return len(subs) * _LOGIN_MS if stage == roster.RELATED and code else 0


def _not_all(gateway, stage, subs, code, data, now):
    book = gateway.roster
    named = _names(data) if isinstance(data, list) else ()
    for slot, sub in subs:
        if len(subs) == 1:
            _refused(gateway, stage, slot, sub, code, now)
        elif code in _PASSING:
            book.refuse(slot, now)
        elif sub[:2] in named:
            _refused(gateway, stage, slot, sub, code, now)
        elif not named:
            book.alone(slot)
        if not code:
            book.alone(slot)  # The reply may be lost for one of them.


def _done(gateway, stage, slot, sub, now):
    book = gateway.roster
    if stage == roster.RELATED:
        book.move(slot, roster.ONLINE, now)
        try:
            _came(gateway, sub)
        except MemoryError:
            book.move(slot, roster.RELATED, now)  # Half of it may be missing: once more.
            raise
    elif stage == roster.LEAVING and book.is_wanted(slot):
        book.move(slot, roster.REGISTERED, now)  # It was added again meanwhile.
    elif stage == roster.LEAVING:
        if gateway.save({slot: None}):
            book.leave(slot, now, roster.EMPTY)
        else:
            book.refuse(slot, now)
    else:
        book.move(slot, roster.RELATED, now)
        if stage == roster.ONLINE:
            gateway.tell(sub, "offline", 200)


def _came(gateway, sub):
    # One has logged in.
    key, name = sub[0].decode(), sub[1].decode()
    held = [one for one in gateway.held if one.is_about(key, name)]
    filters = [("/sys/%s/%s/%s" % (key, name, REPLIES)).encode()]
    for one in held:
        filters += one.filters(name)
    gateway.hear(filters)
    gateway.tell(sub, "online", 200)
    for one in held:
        safely(gateway._log, "a sub-device", one.call, name, one.came)


def _refused(gateway, stage, slot, sub, code, now):
    # One alone, or one that the reply names.
    book = gateway.roster
    if stage == roster.ONLINE or (stage == roster.LEAVING and code in _GONE):
        _done(gateway, stage, slot, sub, now)
    elif code == 6401 and book.once(slot, roster.REJOINED, roster.REGISTERED, now):
        return  # Not in our topology; it is added.
    elif code in (6287, 401) and book.once(slot, roster.RENEWED, roster.NAMED, now):
        return  # Another DeviceSecret counts by now.
    elif code in (522, 6204):
        book.park(slot, code)
        gateway.tell(sub, "disabled", code)
    else:
        book.refuse(slot, now, code)
        gateway.tell(sub, "refused", code)


def _names(pairs):
    found = []
    for one in pairs:
        try:
            found.append((one["productKey"].encode(), one["deviceName"].encode()))
        except (KeyError, TypeError, AttributeError):
            pass  # It does not name a sub-device.
    return found
