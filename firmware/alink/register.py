"""Dynamic registration over MQTT: `register` (pre-registered) and `regnwl` (preregistration-free).

docs/protocol.md, section "Dynamic registration". One CONNECT signed with the ProductSecret; the
platform pushes the answer without being asked. Never under an automatic reconnect: every success
of `regnwl` spends one of five ClientIDs.
"""

import json
import os
from binascii import hexlify

from .errors import ProtocolError, RefusedError
from .handshake import answer, connect
from .sign import hmac, register_content
from .stream import Stream
from .topics import REGISTER_ANSWERS

# What a credential carries over from the certificate, so that it logs in without it.
_CONNECTION = (
    "ProductKey",
    "DeviceName",
    "Region",
    "InstanceId",
    "Host",
    "Port",
    "NtpHost",
    "WifiSsid",
    "WifiPassword",
    "SignMethod",
    "Ca",
)
_MEMBERS = {
    "productKey": "ProductKey",
    "deviceName": "DeviceName",
    "deviceSecret": "DeviceSecret",
    "clientId": "ClientID",
    "deviceToken": "DeviceToken",
}
_HINTS = {
    b"register": "check that the DeviceName is registered and was never online, ",
    b"regnwl": "check that the DeviceName has fewer than five ClientIDs, ",
}


def register(connection, certificate, method, securemode=None):
    """Register over a fresh connection; return the credential. The connection stays open.

    The credential has DeviceSecret, or ClientID and DeviceToken, and the certificate's connection
    fields. Store it, then close the connection. Raises RefusedError, TransportError,
    ProtocolError.
    """
    stream = Stream(connection, _unexpected, 4096)
    try:
        connect(stream, _connect_fields(certificate, method, securemode), 60)
    except RefusedError as error:
        raise RefusedError(error.code, _refusal(certificate, method, error))
    return _credential(certificate, *answer(stream))


def _connect_fields(certificate, method, securemode):
    # Returns client id, user name and password of the CONNECT.
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


def _credential(certificate, topic, payload):
    if topic not in REGISTER_ANSWERS:
        raise ProtocolError("the answer came on %s" % topic.decode())
    made = {}
    for name in _CONNECTION:
        if name in certificate:
            made[name] = certificate[name]
    try:
        body = json.loads(payload)
        for theirs in body:
            if theirs in _MEMBERS:
                name, value = _MEMBERS[theirs], body[theirs].encode()
                if not 0 < len(value) <= 64 or made.get(name, value) != value:
                    raise ProtocolError("%s in the answer is not ours, or too long" % name)
                made[name] = value
    except (ValueError, TypeError, AttributeError, KeyError):
        raise ProtocolError("the answer to the registration is not JSON as agreed")
    if "DeviceSecret" not in made and not ("ClientID" in made and "DeviceToken" in made):
        raise ProtocolError("the answer holds neither deviceSecret nor clientId and deviceToken")
    return made


def _unexpected(first, body):
    raise ProtocolError("an unexpected packet came (first byte 0x%02x)" % first)


def _refusal(certificate, method, error):
    return (
        "registration of %s/%s refused, CONNACK %d (%s); %sthe ProductSecret, and that dynamic "
        "registration is switched on"
        % (
            certificate["ProductKey"].decode(),
            certificate["DeviceName"].decode(),
            error.code,
            error,
            _HINTS[method],
        )
    )
