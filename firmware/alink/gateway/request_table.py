"""Build the request that is due: names and secrets from `storage`, bytes from `request_bytes`.

docs/reference/protocol.md, "Sub-devices". Loaded for one request.
"""

import os
from binascii import hexlify

from micropython import const

from . import roster

# Topics: for a signed registration; by stage of `roster`; for one login, for one logout.
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

_MOST_REGISTERED = const(30)
_ANSWERED = const(200)  # Bytes for each in the answer to a registration.


def heard(gateway):
    """Return what a gateway subscribes to in each session, in bytes."""
    topics = [own(gateway, what) + b"_reply" for what in ASKED]
    for what in ("topo/change", "topo/add/notify"):
        topics.append(gateway.topic("thing/" + what))
    topics.append(gateway.topic("/ext/error/%s/%s" % (gateway.product_key, gateway.device_name)))
    return topics


def own(gateway, what):
    """Return a topic of ASKED as bytes."""
    if what.startswith("combine"):
        what = "/ext/session/%s/%s/%s" % (gateway.product_key, gateway.device_name, what)
    return gateway.topic(what)


def request(gateway, number, stage, slots, now):
    """Return topic, payload (both bytes) and sub-devices of the request due for these slots.

    The sub-devices are [(slot, sub-device), ...] as the request names them, empty if no record is
    left.
    """
    subs = gateway.read(slots)
    for slot in slots:
        if slot not in [one for one, _ in subs]:
            gateway.roster.leave(slot, now, roster.EMPTY)  # Its record is damaged, and gone.
    what = ASKED[stage]
    if stage == roster.NAMED:
        what, subs = _registrable(gateway, subs)
    if len(subs) == 1 and stage in (roster.RELATED, roster.ONLINE):
        what = ASKED[stage + 3]
    payload = _payload(gateway, number, stage, what, [sub for _, sub in subs])
    return own(gateway, what), payload, subs


def _payload(gateway, number, stage, what, subs):
    from . import request_bytes  # Only now: `storage` has gone again.

    method, head, tail, each, more = b"", b"[", b"]", request_bytes.named, ()
    if what.startswith("thing"):
        method = what.replace("/", ".").encode()
    if what == ASKED[0]:
        head, tail, each = b'{"proxieds":[', b"]}", request_bytes.proxied
        more = gateway.products, hexlify(os.urandom(8))
    elif stage == roster.REGISTERED:
        each, more = request_bytes.signed, (_timestamp(gateway), b'"signmethod":"hmacSha256"')
    elif stage == roster.RELATED:
        each, more = request_bytes.signed, (_timestamp(gateway), b'"cleanSession":"true"')
        head, tail = b'{"signMethod":"hmacSha256","deviceList":[', b"]}"
    if what in ASKED[6:]:
        head = tail = b""
        if more:
            more = more[0], b'"signMethod":"hmacSha256",' + more[1]
    return request_bytes.request(number, method, head, subs, tail, each, *more)


def _timestamp(gateway):
    # Return what each login of a request signs as its time, as that of the gateway.
    from .. import utc

    return gateway._link.identity.get("Timestamp") or utc.milliseconds()


def _registrable(gateway, subs):
    # Those that register like the first: signed where their product's secret is burned. The
    # answer has to fit in a packet.
    signed = bool(subs) and subs[0][1][0] in gateway.products
    alike = [one for one in subs if (one[1][0] in gateway.products) == signed]
    most = min(_MOST_REGISTERED, gateway.max_packet // _ANSWERED)
    return ASKED[0] if signed else ASKED[roster.NAMED], alike[:most]
