"""JSON as the platform writes it on every wire."""

from __future__ import annotations

import json
from typing import Any


def compact(body: Any) -> bytes:
    """Return JSON without a blank: the C SDKs find nothing behind one."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")  # A lone surrogate may come back from a device's id.
