"""Build the contents that the platform wants signed, and sign them with HMAC. Pure.

docs/reference/protocol.md, "Dynamic registration" and "Login". Bytes in, lower-case hex bytes out.
Each content is spelled out: the order of its parts is the protocol, and a MicroPython dict has
no order.
"""

import hashlib
from binascii import hexlify


def hmac(method, key, message):
    """Return HMAC(key, message) in hex for hmacmd5, hmacsha1 or hmacsha256 (RFC 2104)."""
    digest = getattr(hashlib, method[4:].decode())
    # A local: MicroPython never frees the name of a global.
    block = 64  # Bytes, the same for MD5, SHA-1 and SHA-256.
    if len(key) > block:
        key = digest(key).digest()
    pad = bytearray(block)
    pad[: len(key)] = key
    for i in range(block):
        pad[i] ^= 0x36
    inner = digest(pad)
    inner.update(message)
    for i in range(block):
        pad[i] ^= 0x36 ^ 0x5C
    outer = digest(pad)
    outer.update(inner.digest())
    return hexlify(outer.digest())


def register_content(device_name, product_key, random):
    """Return the content that a registration signs with the ProductSecret."""
    return b"deviceName%sproductKey%srandom%s" % (device_name, product_key, random)


def login_content(client_id, device_name, product_key, timestamp):
    """Return the content that a login signs with the DeviceSecret.

    `client_id` comes without its extension.
    """
    return b"clientId%sdeviceName%sproductKey%stimestamp%s" % (
        client_id,
        device_name,
        product_key,
        timestamp,
    )
