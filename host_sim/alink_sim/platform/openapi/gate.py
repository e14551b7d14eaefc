"""What every request has to pass before its action: key, time, signature, once only, rate.

docs/reference/protocol.md, "Cloud API".
"""

from __future__ import annotations

from datetime import UTC, datetime

from alink_sim.platform.core import Core
from alink_sim.platform.openapi.errors import GatewayError
from alink_sim.platform.openapi.keys import AccessKey
from alink_sim.platform.openapi.signature import RequestSignature

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_NONCE = 256  # Characters that are compared.
_KEPT = 900.0  # Seconds a nonce is remembered at the least.


class Gate:
    """Knows the access keys and the nonces that were used."""

    def __init__(self, core: Core) -> None:
        self.keys: dict[str, AccessKey] = {}
        self._core = core
        self._nonces: dict[tuple[str, str], float] = {}

    def check(self, claim: RequestSignature) -> None:
        """Return if a request is from whom it says it is. Raises GatewayError."""
        key = self.keys.get(claim.access_key_id)
        if key is None:
            raise GatewayError(
                404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."
            )
        self._check_time(claim.timestamp)
        if not claim.is_proven(key.secret):
            raise GatewayError(
                400,
                "SignatureDoesNotMatch",
                f"Specified signature does not match our calculation. {claim.disclosure}",
                reason="the signature is not that of the AccessKeySecret",
            )
        self._use(claim.access_key_id, claim.nonce)

    def check_rate(self, what: str, limit: int, *, seconds: float = 1) -> None:
        """Return if something may be done once more now. Raises GatewayError."""
        if self._core.settings.api_rates == "off":
            return
        now = self._core.clock.monotonic()
        if not self._core.rates.allow(("api", what), limit=limit, seconds=seconds, now=now):
            raise GatewayError(
                400,
                "Throttling.User",
                "Request was denied due to user flow control.",
                reason=f"{what} is called more than {limit} times in {seconds:g} s",
            )

    def _check_time(self, text: str) -> None:
        try:
            then = datetime.strptime(text, _FORM).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise GatewayError(
                400,
                "InvalidTimeStamp.Format",
                "Specified time stamp or date value is not well formatted.",
                reason=f"the time is {text!r}",
            ) from error
        apart = abs(self._core.clock.time() - then)
        limit = self._core.settings.api_seconds
        if limit and apart > limit:
            raise GatewayError(
                400,
                "InvalidTimeStamp.Expired",
                "Specified time stamp or date value is expired.",
                reason=f"the caller's clock and the platform's are {apart:.0f} s apart",
            )

    def _use(self, access_key_id: str, nonce: str) -> None:
        now = self._core.clock.monotonic()
        # A request may be as late as it may be early.
        oldest = now - max(_KEPT, 2 * self._core.settings.api_seconds)
        while self._nonces and next(iter(self._nonces.values())) < oldest:
            del self._nonces[next(iter(self._nonces))]
        nonce = nonce[:_NONCE]
        if (access_key_id, nonce) in self._nonces:
            raise GatewayError(
                400, "SignatureNonceUsed", "Specified signature nonce was used already."
            )
        self._nonces[access_key_id, nonce] = now
