"""The bodies of a gateway's requests about its sub-devices, as bytes. Pure.

docs/protocol.md, section "Sub-devices". A sub-device is here (ProductKey, DeviceName, secret) in
bytes, as `substore` has checked them: nothing in a name needs escaping in JSON. Written by hand,
because dicts for a batch would take three times the heap.
"""

from .sign import hmac, login_content, register_content

_METHOD = b"hmacsha256"
_TIMESTAMP = b"2524608000000"  # Opaque to the platform: a fixed one needs no clock.


def request(number, params, method=""):
    """Return the envelope around params; requests about sessions have no method."""
    if not method:
        return b'{"id":"%d","params":%s}' % (number, params)
    return b'{"id":"%d","version":"1.0","params":%s,"method":"%s"}' % (
        number,
        params,
        method.encode(),
    )


def pairs(subs):
    """Return params that name sub-devices: register, topo/delete, batch_logout, list/found."""
    return _array([_pair(sub) + b"}" for sub in subs])


def pair(sub):
    """Return params that name one: logout."""
    return _pair(sub) + b"}"


def proxied(subs, random):
    """Return params of a registration signed with the ProductSecret of each."""
    return b'{"proxieds":%s}' % _array(
        [
            b'%s,"random":"%s","signMethod":"hmacSha256","sign":"%s"}'
            % (
                _pair(sub),
                random,
                hmac(_METHOD, sub[2], register_content(sub[1], sub[0], random)),
            )
            for sub in subs
        ]
    )


def related(subs):
    """Return params of topo/add."""
    return _array([_signed(sub) + b',"signmethod":"hmacSha256"}' for sub in subs])


def login(sub):
    """Return params of one login."""
    return _signed(sub) + b',"signMethod":"hmacSha256","cleanSession":"true"}'


def batch_login(subs):
    """Return params of several logins."""
    return b'{"signMethod":"hmacSha256","deviceList":%s}' % _array(
        [_signed(sub) + b',"cleanSession":"true"}' for sub in subs]
    )


def _array(objects):
    return b"[" + b",".join(objects) + b"]"


def _pair(sub):
    return b'{"productKey":"%s","deviceName":"%s"' % (sub[0], sub[1])


def _signed(sub):
    key, name, secret = sub
    client_id = b"%s.%s" % (key, name)
    content = login_content(client_id, name, key, _TIMESTAMP)
    return b'%s,"clientId":"%s","timestamp":"%s","sign":"%s"' % (
        _pair(sub),
        client_id,
        _TIMESTAMP,
        hmac(_METHOD, secret, content),
    )
