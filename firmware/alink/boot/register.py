"""Dynamic registration over MQTT: `register` (pre-registered) and `regnwl` (preregistration-free).

docs/reference/protocol.md, "Dynamic registration". One CONNECT signed with the ProductSecret; the
platform pushes the reply without a request. Never under an automatic reconnect: every success of
`regnwl` spends one of five ClientIDs.
"""

from .. import heap
from ..errors import RefusedError


def register(connection, certificate, method, login):
    """Register over a fresh connection; return the credential. The connection stays open.

    `login` is what `connect_fields.registration` returned. The credential has DeviceSecret, or
    ClientID and DeviceToken, and the connection fields of the certificate. Store it, then close
    the connection.
    Raises RefusedError, TransportError, ProtocolError.
    """
    try:
        topic, payload = heap.call("session.packets", "register", connection, login)
    except RefusedError as error:
        raise heap.call("boot.refusal", "over_mqtt", certificate, method, error)
    return heap.call("boot.reply", "credential", certificate, topic, payload)
