"""Build and sign the CONNECT fields of a login. Loaded for one login.

docs/reference/protocol.md, "Login".
"""

from micropython import const

from .. import heap

# ext=1: RRPC may come on custom topics.
_INFO = const(b",ext=1,lan=MicroPython,_v=alink-0.1.0|")
_KEPT = const(
    (
        "ProductKey",
        "DeviceName",
        "DeviceSecret",
        "ClientID",
        "DeviceToken",
        "SignMethod",
        "Timestamp",
        "Scrub",
        "stop",
    )
)


def keep(fields):
    """Return the part of a board's fields that `login` takes."""
    kept = {}
    for name in _KEPT:
        if name in fields:
            kept[name] = fields[name]
    return kept


def login(identity):
    """Return the fields (bytes): signed with the DeviceSecret, or the issued pair as it is.

    `identity` is what `keep` returned. A signature covers the time, so each login
    has another one; if the clock is not set, or a setting names a Timestamp, it covers that.
    """
    utc = heap.load("utc")
    sign = heap.load("sign")
    name, key = identity["DeviceName"], identity["ProductKey"]
    user = b"%s&%s" % (name, key)
    if "DeviceToken" in identity:
        return (
            b"%s|securemode=-2,authType=connwl%s" % (identity["ClientID"], _INFO),
            user,
            identity["DeviceToken"],
        )
    method = identity.get("SignMethod", b"hmacsha256")
    client_id = b"%s.%s" % (key, name)
    secret = identity["DeviceSecret"]
    if isinstance(secret, tuple):  # Signed by an eFuse key, before Wi-Fi.
        timestamp, password = secret
    else:
        timestamp = identity.get("Timestamp") or utc.milliseconds()
        password = sign.hmac(method, secret, sign.login_content(client_id, name, key, timestamp))
    return (
        b"%s|securemode=2,signmethod=%s,timestamp=%s%s" % (client_id, method, timestamp, _INFO),
        user,
        password,
    )
