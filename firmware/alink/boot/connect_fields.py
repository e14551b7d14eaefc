"""Build and sign the CONNECT fields of a dynamic registration.

docs/reference/protocol.md, "Dynamic registration". Pure except for the random number.
"""

import os
from binascii import hexlify

from ..sign import hmac, register_content


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
