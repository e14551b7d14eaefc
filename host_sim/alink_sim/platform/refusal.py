"""Why the platform says no: the vendor's code and a sentence, which the wire does not carry.

docs/protocol.md, sections "Dynamic registration" and "Login".
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Codes of the vendor's tables, as far as they name a refusal here."""

    PARAMETER = 460
    SESSION_TAKEN = 427
    NO_DEVICE = 6100
    DISABLED = 6204
    NO_PRODUCT = 6250
    SWITCHED_OFF = 6288
    ACTIVATED = 6289
    SIGN_METHOD = 6292
    SIGNATURE = 6600


class RefusedError(Exception):
    """A device's request is refused; `code` is None where the vendor's tables have none."""

    def __init__(self, code: Code | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
