"""Flash memory as three operations: read, write, erase."""

from __future__ import annotations

from typing import Protocol

SECTOR = 4096  # The smallest range that can be erased.


class Flash(Protocol):
    """Flash of type NOR: `write` only clears bits, `erase` sets one sector to 0xFF."""

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes at `offset`."""

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Clear the bits at `offset` that are clear in `data`."""

    def erase(self, offset: int) -> None:
        """Set the sector that begins at `offset` to 0xFF."""


class MemoryFlash:
    """Flash in memory, blank after `content`; its bytes are `data`."""

    def __init__(self, size: int, content: bytes = b"") -> None:
        self.data = bytearray(content + b"\xff" * (size - len(content)))

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes at `offset`."""
        return bytes(self.data[offset : offset + size])

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Clear the bits at `offset` that are clear in `data`."""
        for index, value in enumerate(bytes(data)):
            self.data[offset + index] &= value

    def erase(self, offset: int) -> None:
        """Set the sector that begins at `offset` to 0xFF."""
        self.data[offset : offset + SECTOR] = b"\xff" * SECTOR
