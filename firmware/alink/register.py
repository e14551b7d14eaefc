"""Dynamic registration over MQTT: `register` (pre-registered) and `regnwl` (preregistration-free).

docs/protocol.md, section "Dynamic registration". One CONNECT signed with the ProductSecret; the
platform pushes the answer without being asked. Never under an automatic reconnect: every success
of `regnwl` spends one of five ClientIDs.
"""

import json
import os
from binascii import hexlify

from .errors import ProtocolError, RefusedError, TransportError
from .mqtt import MQTTClient
from .sign import hmac, register_content
from .topics import REGISTER_ANSWERS

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
    """Register over a fresh connection; return (client, answer), the client still connected.

    The answer has DeviceSecret, or ClientID and DeviceToken, as bytes. Store it, then disconnect
    the client. Raises RefusedError, TransportError, ProtocolError; the connection is then closed.
    """
    messages = []
    client = MQTTClient(
        connection,
        lambda topic, payload: messages.append((topic, payload)),
        lambda packet_id, codes: None,
    )
    try:
        client.connect(_connect_fields(certificate, method, securemode), 60)
        while not messages:
            client.check_msg()
            if not messages and not connection.wait(connection.time_left()):
                raise TransportError("%s accepted, but sent no answer" % connection.peer)
        return client, _answer(certificate, *messages[0])
    except RefusedError as error:
        client.disconnect()
        raise RefusedError(error.code, _refusal(certificate, method, error))
    except (TransportError, ProtocolError):
        client.disconnect()
        raise


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


def _answer(certificate, topic, payload):
    if topic not in REGISTER_ANSWERS:
        raise ProtocolError("the answer came on %s" % topic.decode())
    answer = {}
    try:
        body = json.loads(payload)
        for theirs in body:
            if theirs in _MEMBERS:
                answer[_MEMBERS[theirs]] = body[theirs].encode()
    except (ValueError, TypeError, AttributeError, KeyError):
        raise ProtocolError("the answer to the registration is not JSON as agreed")
    for name in ("ProductKey", "DeviceName"):
        if answer.get(name, certificate[name]) != certificate[name]:
            raise ProtocolError("the answer is for another %s" % name)
    if "DeviceSecret" not in answer and "DeviceToken" not in answer:
        raise ProtocolError("the answer holds neither deviceSecret nor deviceToken")
    return answer


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
