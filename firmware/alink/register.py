"""Dynamic registration over MQTT: `register` (pre-registered) and `regnwl` (preregistration-free).

docs/reference/protocol.md, "Dynamic registration". One CONNECT signed with the ProductSecret; the
platform pushes the answer without being asked. Never under an automatic reconnect: every success
of `regnwl` spends one of five ClientIDs.
"""

from . import heap
from .errors import ProtocolError, RefusedError
from .handshake import answer, connect
from .stream import Stream


def register(connection, certificate, method, login):
    """Register over a fresh connection; return the credential. The connection stays open.

    `login` is what `ask.connect_fields` made. The credential has DeviceSecret, or ClientID and
    DeviceToken, and the certificate's connection fields. Store it, then close the connection.
    Raises RefusedError, TransportError, ProtocolError.
    """
    stream = Stream(connection, _unexpected, 4096)
    try:
        connect(stream, login, 60)
        topic, payload = answer(stream)
    except RefusedError as error:
        from .answer import refusal

        raise refusal(certificate, method, error)
    stream = None
    heap.unload("handshake", "stream")
    from .answer import credential

    return credential(certificate, topic, payload)


def _unexpected(first, body):
    raise ProtocolError("an unexpected packet came (first byte 0x%02x)" % first)
