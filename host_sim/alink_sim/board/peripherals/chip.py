"""The parts of a chip that a peripheral needs: a lock, a clock and interrupts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Chip(Protocol):
    """The side of a `Wiring` that its pins and serial ports see."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """The lock around each change that a test or the firmware makes."""

    def seconds(self) -> float:
        """Return the seconds of the board's clock since power-on."""

    def interrupt(self, key: str) -> None:
        """Call the callback of the peripheral `key`."""
