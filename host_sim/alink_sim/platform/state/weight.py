"""How much memory a value takes: what an outsider can fill is bounded in bytes."""

from __future__ import annotations

import sys
from typing import Any

MAX_DEVICE_BYTES = 1 << 20  # Of a device's properties, and of its shadow.


def weight(value: Any) -> int:
    """Return about how many bytes of memory a value of JSON takes."""
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(weight(name) + weight(one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return size + sum(map(weight, value))
    return size
