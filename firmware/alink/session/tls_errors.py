"""Why a server's X.509 certificate was not accepted, in words. Loaded only when that happens."""

from .. import heap
from ..errors import VerifyError
from ..utc import now, text

_REASONS = (
    # what mbedTLS says, what we say
    ("expired", "has expired"),
    ("future", "is not yet valid"),
    ("Common Name", "is for another host"),
    ("trusted CA", "has an unknown issuer"),
)


def verify_error(peer, what):
    """Return the VerifyError that says in one sentence what mbedTLS's text does of a peer."""
    says = "is refused: %s" % what.strip()
    for theirs, ours in _REASONS:
        if theirs in what:
            says = ours
    dates = says in ("has expired", "is not yet valid")
    if dates:
        says += " (this board's clock says %s)" % text(now())
    heap.unload("utc")
    error = VerifyError("the certificate of %s %s" % (peer, says))
    error.dates = dates
    return error
