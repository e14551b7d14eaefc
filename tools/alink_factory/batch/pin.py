"""A supervisor's PIN: only its hash is in the batch file.

The hash is scrypt with a random salt. A PIN of a few digits can be guessed by a program that has
the hash, so it keeps an operator from a mistake, not an attacker from the ledger.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from alink_factory.errors import BatchError

_COST = {"n": 2**14, "r": 8, "p": 1}
_FORM = re.compile(r"scrypt\$([0-9a-f]{32})\$([0-9a-f]{64})")
SHORTEST = 4


def hashed(pin: str) -> str:
    """Return the hash of a PIN for the batch file. Raises BatchError for a short PIN."""
    if len(pin) < SHORTEST:
        raise BatchError(f"the PIN has {len(pin)} characters; the minimum is {SHORTEST}")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_digest(pin, salt)}"


def is_hash(text: str) -> bool:
    """Return whether a text is the hash of a PIN."""
    return _FORM.fullmatch(text) is not None


def is_right(pin: str, known: str) -> bool:
    """Return whether a PIN has this hash."""
    form = _FORM.fullmatch(known)
    if form is None:
        return False
    return hmac.compare_digest(_digest(pin, bytes.fromhex(form[1])), form[2])


def _digest(pin: str, salt: bytes) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_COST).hex()
