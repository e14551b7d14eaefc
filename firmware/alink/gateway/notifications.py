"""Handle messages of the cloud about sub-devices: changes, additions, forced logouts.

docs/reference/protocol.md, "Sub-devices". Each request gets a reply. Loaded for one message.
"""

import json
from time import ticks_ms

from .. import heap
from ..errors import TransportError, safely
from ..gateway import roster
from ..gateway.sub_device import names_in
from ..topics import shown

compact = heap.load("envelope", True).compact

# Stage of a sub-device after the platform has logged it out, by code.
_PUSHED = {427: roster.RELATED, 527: roster.RELATED, 521: roster.NAMED, 6401: roster.REGISTERED}


def take(gateway, topic, payload):
    """Take a message on a topic of the gateway, or of a sub-device without a handler for it."""
    tail = topic.split(b"/")[-1]
    words = {b"delete": "deleted", b"enable": "enabled", b"disable": "disabled"}
    what = words.get(tail, "")
    try:
        body = json.loads(payload)
        if topic.startswith(b"/ext/error/"):
            _pushed(gateway, int(body["code"]), body.get("data"))
            return
        params = body["params"]
        if tail == b"notify":
            names = _names(params)
        elif tail == b"change":
            names = _names(params["subList"])
            what = {0: "added", 1: "deleted", 2: "enabled", 8: "disabled"}[params["status"]]
        elif what:
            names = (names_in(topic),)
        else:
            return
        answer = {"id": body["id"], "code": 200, "data": {}}
    except (ValueError, KeyError, TypeError) as error:
        gateway._log("not a notice about sub-devices on %s: %r" % (shown(topic), error))
        return
    try:
        gateway.publish(topic + b"_reply", compact(answer))
    except TransportError:
        pass  # The session has logged it; the message counts all the same.
    for product_key, device_name in names:
        if tail == b"notify":
            log, asked = gateway._log, gateway.on_add
            if not asked or safely(log, "on_add", asked, product_key, device_name) is not False:
                safely(log, "on_add", gateway.add, product_key, device_name)
        else:
            _changed(gateway, product_key, device_name, what)


def _changed(gateway, product_key, device_name, what):
    slot = gateway.slot(product_key, device_name)
    if slot is None:
        return
    book, now = gateway.roster, ticks_ms()
    if what == "disabled":
        news = book.park(slot)
    elif what == "enabled":
        news = book.wake(slot, now)
    elif what == "deleted":
        news = book.stage(slot) >= roster.RELATED
        if news:
            book.leave(slot, now, roster.REGISTERED)
    else:
        news = book.stage(slot) == roster.REGISTERED
        if news:
            book.move(slot, roster.RELATED, now)
    if news:
        gateway.tell((product_key.encode(), device_name.encode()), what, 0)


def _pushed(gateway, code, data):
    # A sub-device was logged out, or has sent something without being logged in.
    names = _names([data]) if data else ()
    for product_key, device_name in names:
        slot = gateway.slot(product_key, device_name)
        if slot is None:
            continue
        book, now = gateway.roster, ticks_ms()
        sub = product_key.encode(), device_name.encode()
        if code == 522:
            if book.park(slot):
                gateway.tell(sub, "disabled", code)
        elif code == 520:
            if book.stage(slot) == roster.ONLINE:
                book.move(slot, roster.RELATED, now)
        elif code in _PUSHED:
            news = book.is_wanted(slot)
            # Not by itself again: two gateways that hear one sub-device would take turns.
            book.leave(slot, now, _PUSHED[code])
            if news:
                gateway.tell(sub, "offline", code)
    if not names:
        gateway._log("the platform pushed error %d" % code)


def _names(pairs):
    return [(one["productKey"], one["deviceName"]) for one in pairs]
