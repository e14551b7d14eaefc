"""Where fetched tools lie."""

from __future__ import annotations

import os
from pathlib import Path

from alink_formats.sources import checkout


def cache_dir() -> Path:
    """Return the folder of fetched tools: $ALINK_CACHE, else the checkout's, else the user's."""
    if named := os.environ.get("ALINK_CACHE"):
        return Path(named).expanduser().resolve()
    root = checkout()
    return root / ".cache" / "alink" if root else Path.home() / ".cache" / "alink"
