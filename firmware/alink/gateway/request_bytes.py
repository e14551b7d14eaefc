"""Build the requests of a gateway about its sub-devices, byte by byte. Pure.

docs/reference/protocol.md, "Sub-devices". A sub-device is here (ProductKey, DeviceName, secret) in
bytes. `names` has checked the names: nothing in them needs escaping in JSON. Written by hand, into
one buffer: as dicts, or piece by piece, a batch would take five times the heap.
"""

from micropython import const

from .. import heap

sign = heap.load("sign")

_METHOD = const(b"hmacsha256")


def request(number, subs, method, head, tail, each, more):
    """Return the whole request as a bytearray, the only large object that this allocates.

    `each` names the function below that appends what follows the two names of each of `subs`. It
    takes (out, sub, *more). `head` and `tail` are the JSON around that list. Requests about
    sessions have no `method`.
    """
    append = {"named": named, "proxied": proxied, "signed": signed}[each]
    out = bytearray(b'{"id":"%d",' % number)
    if method:
        out += b'"version":"1.0",'
    out += b'"params":' + head
    for at, sub in enumerate(subs):
        if at:
            out += b","
        out += b'{"productKey":"%s","deviceName":"%s"' % (sub[0], sub[1])
        append(out, sub, *more)
        out += b"}"
    out += tail
    if method:
        out += b',"method":"%s"' % method
    out += b"}"
    return out


def named(out, sub):
    """Append nothing: register, topo/delete and logout have the two names only."""


def proxied(out, sub, secrets, random):
    """Append the fields of a registration, signed with the ProductSecret."""
    signed = sign.hmac(_METHOD, secrets[sub[0]], sign.register_content(sub[1], sub[0], random))
    out += b',"random":"%s","signMethod":"hmacSha256","sign":"%s"' % (random, signed)


def signed(out, sub, timestamp, more):
    """Append the fields of a login or a topology request, signed with the DeviceSecret; `more`."""
    key, name, secret = sub
    client_id = b"%s.%s" % (key, name)
    content = sign.login_content(client_id, name, key, timestamp)
    out += b',"clientId":"%s","timestamp":"%s","sign":"%s",%s' % (
        client_id,
        timestamp,
        sign.hmac(_METHOD, secret, content),
        more,
    )
