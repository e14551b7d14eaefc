"""DeviceNames that a board completes with its own digits: "{mac}", "lamp-{mac:6}", "{uid}".

docs/explanation/identity.md. The unique id of an ESP32 is its MAC. The board has separate code;
tests compare both.
"""

from __future__ import annotations

import re

EXAMPLE_MAC = "f" * 12
ALLOWED = "{mac}, {mac:1} to {mac:12} or {uid}"
_PART = re.compile(r"\{(?:mac|uid)(?::([1-9]|1[0-2]))?\}")


def is_pattern(name: str) -> bool:
    """Return whether a board has to complete the name."""
    return "{" in name or "}" in name


def complete(name: str, mac: str) -> str:
    """Return the DeviceName of the board with a MAC of 12 hexadecimal digits, in lower case.

    Raises ValueError if braces hold something else than ALLOWED.
    """
    made = _PART.sub(lambda part: mac.lower()[-int(part[1] or 12) :], name)
    if is_pattern(made):
        raise ValueError(f"is {name!r}; in braces a board knows {ALLOWED}")
    return made
