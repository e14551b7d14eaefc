"""A region: bytes of flash, where they go and what a person calls them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """Bytes of flash: where, what a person calls it, and what shall be there."""

    offset: int
    name: str
    data: bytes
