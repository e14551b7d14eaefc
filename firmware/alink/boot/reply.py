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
    """Return the credential that a pushed reply makes of a certificate. Raises ProtocolError."""
    if topic not in (b"/ext/register", b"/ext/regnwl"):
        raise ProtocolError("the reply came on %s" % shown(topic))
    try:
        return credential_of(certificate, json.loads(payload))
    except ValueError:
        raise ProtocolError("the reply to the registration is not the expected JSON")


def credential_of(certificate, members):
    """Return the credential that the members of a reply make. Raises ProtocolError."""
    made = {}
    for name in _CONNECTION:
        if name in certificate:
            made[name] = certificate[name]
    try:
        for theirs in members:
            if theirs in _MEMBERS:
                name, value = _MEMBERS[theirs], members[theirs].encode()
                fits = 0 < len(value) <= 64 and made.get(name, value) == value
                if not fits or min(value) <= 0x20 or max(value) >= 0x7F:
                    raise ProtocolError(
                        "%s in the reply is not ours, longer than 64 bytes, or not printable"
                        % name
                    )
                made[name] = value
    except (TypeError, AttributeError, KeyError):
        raise ProtocolError("the reply to the registration is not the expected JSON")
    if "DeviceSecret" not in made and not ("ClientID" in made and "DeviceToken" in made):
        raise ProtocolError("the reply holds neither deviceSecret nor clientId and deviceToken")
    return made
