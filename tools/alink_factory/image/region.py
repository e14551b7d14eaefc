"""A region: bytes to write at an offset of flash."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """Bytes to write, the offset in flash, and a name for people."""

    offset: int
    name: str
    data: bytes
