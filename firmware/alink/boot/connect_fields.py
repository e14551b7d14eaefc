"""Build and sign the CONNECT fields of a dynamic registration.

docs/reference/protocol.md, "Dynamic registration". Pure except for the random number.
"""

import os
from binascii import hexlify

from .. import heap

sign = heap.load("sign")


def registration(certificate, method, securemode=None):
    """Return the fields (bytes), signed with the ProductSecret; securemode None is the documented
    one.
    """
    name, key = certificate["DeviceName"], certificate["ProductKey"]
    sign_method = certificate.get("SignMethod", b"hmacsha256")
    random, password = signed(certificate)
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
    return client_id + b"|", b"%s&%s" % (name, key), password


def signed(certificate):
    """Return the random number and the signature of a registration.

    An eFuse key has signed them before Wi-Fi; see `efuse.signed`.
    """
    secret = certificate["ProductSecret"]
    if isinstance(secret, tuple):
        return secret
    random = hexlify(os.urandom(8))
    content = sign.register_content(certificate["DeviceName"], certificate["ProductKey"], random)
    return random, sign.hmac(certificate.get("SignMethod", b"hmacsha256"), secret, content)
