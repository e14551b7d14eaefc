"""Choose the request that is due: its topic, its sub-devices and the shape of its bytes.

docs/reference/protocol.md, "Sub-devices". Loaded for one request.
"""

import os
from binascii import hexlify

from micropython import const

from .. import heap
from ..gateway import roster

_REGISTER_SIGNED = const("thing/proxy/provisioning/product_register")
_REGISTER = const("thing/sub/register")
_ADD = const("thing/topo/add")
_LOGINS = const("combine/batch_login")
_LOGIN = const("combine/login")
_LOGOUTS = const("combine/batch_logout")
_LOGOUT = const("combine/logout")
_DELETE = const("thing/topo/delete")

_MOST_REGISTERED = const(30)
_REPLIED = const(200)  # Bytes for each in the reply to a registration.


def heard(gateway):
    """Return what a gateway subscribes to in each session, in bytes."""
    topics = []
    for what in (
        _REGISTER_SIGNED,
        _REGISTER,
        _ADD,
        _LOGINS,
        _LOGIN,
        _LOGOUTS,
        _LOGOUT,
        _DELETE,
    ):
        topics.append(_own(gateway, what) + b"_reply")
    for what in ("thing/topo/change", "thing/topo/add/notify"):
        topics.append(gateway.topic(what))
    topics.append(gateway.topic("/ext/error/%s/%s" % (gateway.product_key, gateway.device_name)))
    return topics


def _own(gateway, what):
    # Return the whole topic of a request, in bytes.
    if what.startswith("combine"):
        what = "/ext/session/%s/%s/%s" % (gateway.product_key, gateway.device_name, what)
    return gateway.topic(what)


def plan(gateway, stage, subs):
    """Return the request that is due: topic (bytes), sub-devices, and what shapes its bytes.

    `subs` are [(slot, sub-device), ...] at this stage. The request names some of them. The shape
    is what `request_bytes.request` takes after them.
    """
    if stage == roster.NAMED:
        # Those that register like the first, signed or not; the reply has to fit in a packet.
        signed = _is_signed(gateway, subs)
        subs = [one for one in subs if _is_signed(gateway, [one]) == signed]
        subs = subs[: min(_MOST_REGISTERED, gateway.max_packet // _REPLIED)]
    what = _what(gateway, stage, subs)
    return (_own(gateway, what), subs) + _shape(gateway, what)


def _what(gateway, stage, subs):
    # Return the request out of a stage, for these sub-devices.
    alone = len(subs) == 1
    if stage == roster.NAMED:
        return _REGISTER_SIGNED if _is_signed(gateway, subs) else _REGISTER
    if stage == roster.REGISTERED:
        return _ADD
    if stage == roster.RELATED:
        return _LOGIN if alone else _LOGINS
    if stage == roster.ONLINE:
        return _LOGOUT if alone else _LOGOUTS
    return _DELETE


def _shape(gateway, what):
    # Returns the method; the JSON around the list of sub-devices; what follows the names of each.
    method, head, tail, each, more = b"", b"[", b"]", "named", ()
    if what.startswith("thing"):
        method = what.replace("/", ".").encode()
    if what == _REGISTER_SIGNED:
        head, tail, each = b'{"proxieds":[', b"]}", "proxied"
        more = gateway.products, hexlify(os.urandom(8))
    elif what == _ADD:
        each, more = "signed", (_timestamp(gateway), b'"signmethod":"hmacSha256"')
    elif what == _LOGINS:
        each, more = "signed", (_timestamp(gateway), b'"cleanSession":"true"')
        head, tail = b'{"signMethod":"hmacSha256","deviceList":[', b"]}"
    elif what == _LOGIN:
        more = _timestamp(gateway), b'"signMethod":"hmacSha256","cleanSession":"true"'
        head, tail, each = b"", b"", "signed"
    elif what == _LOGOUT:
        head = tail = b""
    return method, head, tail, each, more


def _timestamp(gateway):
    # Returns what each login of a request signs as its time, as that of the gateway.
    return gateway._link.identity.get("Timestamp") or heap.call("utc", "milliseconds")


def _is_signed(gateway, subs):
    # Tell whether the secret of the first one's product is burned, to sign its registration.
    return bool(subs) and subs[0][1][0] in gateway.products
