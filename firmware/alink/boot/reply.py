"""The credential in the reply to a registration. Pure.

docs/reference/protocol.md, "Dynamic registration".
"""

import json

from micropython import const

from ..errors import ProtocolError
from ..topics import shown

# Fields that a credential copies from the certificate, so that it logs in without it.
_CONNECTION = const(
    (
        "ProductKey",
        "DeviceName",
        "Region",
        "InstanceId",
        "Host",
        "Port",
        "HttpsHost",
        "NtpHost",
        "WifiSsid",
        "WifiPassword",
        "SignMethod",
        "Ca",
    )
)
_MEMBERS = {
    "productKey": "ProductKey",
    "deviceName": "DeviceName",
    "deviceSecret": "DeviceSecret",
    "clientId": "ClientID",
    "deviceToken": "DeviceToken",
}


def credential(certificate, topic, payload):
    """Return the credential that a pushed answer makes of a certificate. Raises ProtocolError."""
    if topic not in (b"/ext/register", b"/ext/regnwl"):
        raise ProtocolError("the answer came on %s" % shown(topic))
    try:
        return credential_of(certificate, json.loads(payload))
    except ValueError:
        raise ProtocolError("the answer to the registration is not the expected JSON")


def credential_of(certificate, members):
    """Return the credential that the members of an answer make. Raises ProtocolError."""
    made = {}
    for name in _CONNECTION:
        if name in certificate:
            made[name] = certificate[name]
    try:
        for theirs in members:
            if theirs in _MEMBERS:
                name, value = _MEMBERS[theirs], members[theirs].encode()
                if not 0 < len(value) <= 64 or made.get(name, value) != value:
                    raise ProtocolError("%s in the answer is not ours, or too long" % name)
                made[name] = value
    except (TypeError, AttributeError, KeyError):
        raise ProtocolError("the answer to the registration is not the expected JSON")
    if "DeviceSecret" not in made and not ("ClientID" in made and "DeviceToken" in made):
        raise ProtocolError("the answer holds neither deviceSecret nor clientId and deviceToken")
    return made
