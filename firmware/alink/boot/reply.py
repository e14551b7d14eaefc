"""The credential in what the platform pushes after a registration, or why it refused. Pure.

docs/reference/protocol.md, "Dynamic registration".
"""

import json

from ..errors import ProtocolError, RefusedError
from ..topics import shown

# Fields that a credential copies from the certificate, so that it logs in without it.
_CONNECTION = (
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
_MEMBERS = {
    "productKey": "ProductKey",
    "deviceName": "DeviceName",
    "deviceSecret": "DeviceSecret",
    "clientId": "ClientID",
    "deviceToken": "DeviceToken",
}
_HINTS = {
    b"register": "check that the DeviceName is registered and was never online, ",
    b"regnwl": "regnwl needs an enterprise instance in cn-shanghai or cn-beijing: check that this "
    "is one, that the DeviceName has fewer than five ClientIDs, ",
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


def refusal(certificate, method, error):
    """Return the RefusedError that says what to check."""
    return RefusedError(
        error.code,
        "registration of %s/%s refused, CONNACK %d (%s); %sthe ProductSecret, and that dynamic "
        "registration is switched on"
        % (
            certificate["ProductKey"].decode(),
            certificate["DeviceName"].decode(),
            error.code,
            error,
            _HINTS[method],
        ),
    )
