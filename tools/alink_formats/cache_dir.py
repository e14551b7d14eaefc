"""The folder of fetched tools and compiled modules."""

from __future__ import annotations

import os
from pathlib import Path

from alink_formats.sources import checkout


def cache_dir() -> Path:
    """Return the folder: $ALINK_CACHE, else .cache/alink of the checkout, else of the user."""
    if named := os.environ.get("ALINK_CACHE"):
        return Path(named).expanduser().resolve()
    root = checkout()
    return root / ".cache" / "alink" if root else Path.home() / ".cache" / "alink"
