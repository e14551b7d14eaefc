"""Why a server's X.509 certificate was not accepted, in words. Loaded only when that happens."""

from .. import heap
from ..utc import now, text

_REASONS = (
    # what mbedTLS says, what we say
    ("expired", "has expired"),
    ("future", "is not yet valid"),
    ("Common Name", "is for another host"),
    ("trusted CA", "has an unknown issuer"),
)


def verdict(peer, what):
    """Return one sentence for mbedTLS's text about the certificate of `peer`."""
    says = "is refused: %s" % what.strip()
    for theirs, ours in _REASONS:
        if theirs in what:
            says = ours
    if "expired" in says or "valid" in says:
        says += " (this board's clock says %s)" % text(now())
    heap.unload("utc")
    return "the certificate of %s %s" % (peer, says)
