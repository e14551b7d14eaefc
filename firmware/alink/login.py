"""What an ordinary CONNECT carries: signed with the DeviceSecret, or the issued pair as it is.

docs/reference/protocol.md, "Login". Pure; needed once a boot, because nothing in it changes.
"""

from .sign import hmac, login_content

_TIMESTAMP = b"2524608000000"  # Opaque to the platform: a fixed one needs no clock.
# ext=1: RRPC may come on custom topics.
_INFO = b",ext=1,lan=MicroPython,_v=alink-0.1.0|"


def connect_fields(credential, securemode=None):
    """Return (client id, user name, password) as bytes for a stored or burned credential."""
    name, key = credential["DeviceName"], credential["ProductKey"]
    user = b"%s&%s" % (name, key)
    if "DeviceToken" in credential:
        return (
            b"%s|securemode=%d,authType=connwl%s"
            % (credential["ClientID"], -2 if securemode is None else securemode, _INFO),
            user,
            credential["DeviceToken"],
        )
    method = credential.get("SignMethod", b"hmacsha256")
    client_id = b"%s.%s" % (key, name)
    return (
        b"%s|securemode=%d,signmethod=%s,timestamp=%s%s"
        % (client_id, 2 if securemode is None else securemode, method, _TIMESTAMP, _INFO),
        user,
        hmac(method, credential["DeviceSecret"], login_content(client_id, name, key, _TIMESTAMP)),
    )
