"""The codes that confirm a switch of Dynamic Registration, which the vendor sends by SMS."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

LIFE_SECONDS = 300.0
_TRIES = 5


class VerificationError(ValueError):
    """A verification code is wrong or too old; the text says what to do next."""


@dataclass
class _Code:
    digits: str
    until: float
    tries: int = _TRIES


class VerificationCodes:
    """The newest code of each product; one code confirms one switch."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """`now` returns seconds of a clock that never goes back."""
        self._now = now
        self._codes: dict[str, _Code] = {}

    def send(self, product_key: str) -> str:
        """Return a new code of six digits for a product; an older one is void."""
        code = _Code(f"{secrets.randbelow(1_000_000):06}", self._now() + LIFE_SECONDS)
        self._codes[product_key] = code
        return code.digits

    def check(self, product_key: str, digits: str) -> None:
        """Use a product's code up. Raises VerificationError, which a wrong code survives."""
        code = self._codes.get(product_key)
        if code is None or self._now() > code.until or not code.tries:
            self._codes.pop(product_key, None)
            raise VerificationError(
                "no verification code is valid for this product: ask for another code"
            )
        if not hmac.compare_digest(digits.strip().encode(), code.digits.encode()):
            code.tries -= 1
            raise VerificationError(
                f"the verification code is wrong: {code.tries} more tries with this code"
            )
        del self._codes[product_key]
