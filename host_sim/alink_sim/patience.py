"""How long a wait may last before it counts as hung.

A wait ends when what it waits for happens; the limit only ends a run that hangs. Keep it far above
what a slow or busy machine needs: `ALINK_PATIENCE` sets it, in seconds.
"""

from __future__ import annotations

import os

_VARIABLE = "ALINK_PATIENCE"
_DEFAULT = 60.0


def patience() -> float:
    """Return the limit in seconds. Raises ValueError if ALINK_PATIENCE is not a number above 0."""
    text = os.environ.get(_VARIABLE, "")
    try:
        seconds = float(text or _DEFAULT)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"{_VARIABLE} is {text!r}; set it to a number of seconds above 0")
    return seconds
