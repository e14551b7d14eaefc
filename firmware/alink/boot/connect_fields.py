"""Build and sign the CONNECT fields of a dynamic registration and of a login.

docs/reference/protocol.md, "Dynamic registration". Pure except for the random number.
"""

import os
from binascii import hexlify

from ..sign import hmac, login_content, register_content

_TIMESTAMP = b"2524608000000"  # Opaque to the platform: a fixed one needs no clock.
# ext=1: RRPC may come on custom topics.
_INFO = b",ext=1,lan=MicroPython,_v=alink-0.1.0|"


def registration(certificate, method, securemode=None):
    """Return the fields (bytes), signed with the ProductSecret; securemode None is the documented
    one.
    """
    name, key = certificate["DeviceName"], certificate["ProductKey"]
    sign_method = certificate.get("SignMethod", b"hmacsha256")
    random = hexlify(os.urandom(8))
    if securemode is None:
        securemode = 2 if method == b"register" else -2
    client_id = b"%s.%s|securemode=%d,authType=%s,random=%s,signmethod=%s" % (
        name,
        key,
        securemode,
        method,
        random,
        sign_method,
    )
    if "InstanceId" in certificate:
        client_id += b",instanceId=" + certificate["InstanceId"]
    content = register_content(name, key, random)
    password = hmac(sign_method, certificate["ProductSecret"], content)
    return client_id + b"|", b"%s&%s" % (name, key), password


def login(credential, securemode=None):
    """Return the fields (bytes): signed with the DeviceSecret, or the issued pair as it is.

    `credential` is a stored one or a burned one. The fields are the same for every login.
    """
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
