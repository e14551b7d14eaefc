"""The cable between host and board: it carries bytes until it is pulled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CablePull:
    """A scripted pull of a cable, after `after` bytes from the host."""

    after: int


class Cable:
    """A cable, from plugging it in to pulling it."""

    def __init__(self, pull: CablePull | None = None) -> None:
        self._left = pull.after if pull else None

    @property
    def is_pulled(self) -> bool:
        """Return whether the cable is pulled."""
        return self._left == 0

    def carry(self, data: bytes) -> bytes:
        """Return the part of `data` that arrives."""
        if self._left is None:
            return data
        arrived = data[: self._left]
        self._left -= len(arrived)
        return arrived
