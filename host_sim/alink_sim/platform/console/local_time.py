"""Times as the person at this machine reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def local(seconds: float) -> datetime:
    """Return a time in seconds since 1970 as local time."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()
