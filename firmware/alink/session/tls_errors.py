"""Why a connection failed, in words: errors of sockets and of mbedTLS. Loaded only when one did.

Out of memory has many codes. mbedTLS even says "not correctly signed by the trusted CA" for a
good certificate if memory runs out while it checks the signature: each error counts for it as a
wrong issuer.
docs/explanation/memory.md lists the codes.
"""

import errno

from micropython import const

from .. import heap
from ..errors import MemoryShortError, TransportError, VerifyError

_REASONS = (
    # what mbedTLS says, what we say
    ("expired", "has expired"),
    ("future", "is not yet valid"),
    ("Common Name", "is for another host"),
    ("trusted CA", "has an unknown issuer"),
)

# An mbedTLS code is -(high | low). These parts are "out of memory": SSL, X.509, PK, ECP, MD,
# cipher, DHM, PEM; then big numbers and ASN.1.
_HIGH = const((0x7F00, 0x2880, 0x3F80, 0x4D80, 0x5180, 0x6180, 0x3400, 0x1180))
_LOW = const((0x10, 0x6A))
_SCARCE = const(16384)  # With a TLS connection half open. With less, no verdict of mbedTLS counts.


def named(peer, error):
    """Return an OSError or a ValueError of a socket as the error of this SDK that it is."""
    free, largest = _left()
    if _is_memory(error) or (0 < free < _SCARCE and _is_doubtful(error)):
        left = "" if not free else "; ESP-IDF has %d bytes left, %d in one piece" % (free, largest)
        return MemoryShortError(
            "the connection to %s failed: memory is short (%s)%s; use less heap or freeze the SDK"
            % (peer, error, left)
        )
    if isinstance(error, OSError):
        number = error.args[0]
        if isinstance(number, int):
            number = errno.errorcode.get(abs(number), number)
        return TransportError("the connection to %s failed: %s" % (peer, number))
    return _verify_error(peer, str(error))


def unread_root(number, error):
    """Return the error for a root certificate that mbedTLS did not take."""
    free, _ = _left()
    if 0 < free < _SCARCE:
        return MemoryShortError(
            "root certificate %d was not read: memory is short (%s; ESP-IDF has %d bytes left)"
            % (number, error, free)
        )
    return VerifyError("root certificate %d is not DER; convert it from PEM" % number)


def no_address(host, error):
    """Return the error for a host name without an address."""
    free, _ = _left()
    if 0 < free < _SCARCE:
        return MemoryShortError(
            "no address found for %s: memory is short (%s; ESP-IDF has %d bytes left)"
            % (host, error, free)
        )
    return TransportError("no address found for %s; check the network and the name" % host)


def _left():
    # Returns the free bytes of ESP-IDF, from which TLS and lwIP live, and its largest free block;
    # 0 if not known.
    return heap.call("chip", "look")[2:4]


def _is_memory(error):
    number = error.args[0] if isinstance(error, OSError) else 0
    if not isinstance(number, int):
        return False
    code = -number
    return abs(number) == errno.ENOMEM or (
        code >= 0x1000 and (code & 0xFF80 in _HIGH or code & 0x7F in _LOW)
    )


def _is_doubtful(error):
    # Seen when memory was short: a handshake that times out, a good certificate refused.
    return "trusted CA" in str(error) or (
        isinstance(error, OSError) and error.args[0] == errno.ETIMEDOUT
    )


def _verify_error(peer, what):
    says = "is refused: %s" % what.strip()
    for theirs, ours in _REASONS:
        if theirs in what:
            says = ours
    dates = says in ("has expired", "is not yet valid")
    if dates:
        utc = heap.load("utc")

        says += " (this board's clock says %s)" % utc.text(utc.now())
    error = VerifyError("the certificate of %s %s" % (peer, says))
    error.dates = dates
    return error
