"""The TLS context for a file: of the cloud's object storage, or of a private platform."""

from .. import heap
from ..errors import TransportError


def tls_of(device):
    """Return a TLS context for the server of a file. Raises TransportError if not online."""
    if device._private:
        if device._link is None:
            raise TransportError("not online; call connect() first")
        return device._link._tls
    try:
        return heap.call("session.transport", "context", _roots())
    finally:
        heap.unload("roots")


def _roots():
    from ..roots import globalsign_e46, globalsign_r3, globalsign_r46

    return [globalsign_r3.DER, globalsign_r46.DER, globalsign_e46.DER]
