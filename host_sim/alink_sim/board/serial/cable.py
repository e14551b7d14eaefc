"""The cable between host and board: bytes in, the same bytes out until somebody pulls it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CablePull:
    """What happens to a cable: it is pulled after so many bytes from the host."""

    after: int


class Cable:
    """One plugging of a cable."""

    def __init__(self, pull: CablePull | None = None) -> None:
        self._left = pull.after if pull else None

    @property
    def is_pulled(self) -> bool:
        """Whether nothing gets through any more."""
        return self._left == 0

    def carry(self, data: bytes) -> bytes:
        """Return what of `data` still arrives."""
        if self._left is None:
            return data
        arrived = data[: self._left]
        self._left -= len(arrived)
        return arrived
