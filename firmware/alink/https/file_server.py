"""The TLS context for a file: of the cloud's object storage, or of a private platform."""

from .. import heap
from ..errors import TransportError


def tls_of(device):
    """Return a TLS context for the server of a file. Raises TransportError if not online."""
    if device._private:
        if device._link is None:
            raise TransportError("not online; call connect() first")
        return device._link.tls
    return heap.call("session.transport", "context", _roots())


def _roots():
    return [
        heap.load("roots.globalsign_r3").DER,
        heap.load("roots.globalsign_r46").DER,
        heap.load("roots.globalsign_e46").DER,
    ]
