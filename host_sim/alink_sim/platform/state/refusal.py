"""Why the platform says no: the vendor's code and a sentence, which the wire does not carry.

docs/reference/protocol.md, "Dynamic registration", "Login" and "Sub-devices".
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Codes of the vendor's tables, as far as they name a refusal here."""

    AUTH = 401
    SESSION_TAKEN = 427
    TOO_MANY_ONLINE = 428
    TOO_OFTEN = 429
    PARAMETER = 460
    NO_SESSION = 520
    DELETED = 521
    FORBIDDEN = 522
    NO_DEVICE = 6100
    DISABLED = 6204
    NO_PRODUCT = 6250
    BAD_NAME = 6280
    BAD_SIGN = 6287
    SWITCHED_OFF = 6288
    ACTIVATED = 6289
    SIGN_METHOD = 6292
    TOO_MANY_RELATED = 6400
    NO_RELATION = 6401
    SELF = 6402
    SIGNATURE = 6600
    BOUND = 6619
    NO_SCRIPT = 26001
    SCRIPT_FAILED = 26002
    SCRIPT_RESULT = 26006


class RefusedError(Exception):
    """A device's request is refused; `code` is None where the vendor's tables have none."""

    def __init__(self, code: Code | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class VersionError(RefusedError):
    """A device speaks a version of MQTT that it may not speak."""

    def __init__(self, reason: str) -> None:
        super().__init__(None, reason)
