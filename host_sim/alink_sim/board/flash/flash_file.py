"""NOR flash in a file: a write clears bits, an erase sets a sector, power can fail in both."""

from __future__ import annotations

from pathlib import Path

from alink_formats.flash import SECTOR


class PowerCutError(Exception):
    """Power failed in the chosen operation; half of its bytes are in the flash."""


class FlashFile:
    """The flash of a board; `operations` counts writes and erases.

    With `cut_at=n`, operation n stops halfway and raises PowerCutError. Offsets and sizes are in
    bytes; a range outside the flash raises ValueError.
    """

    def __init__(self, path: Path, *, cut_at: int | None = None) -> None:
        self.path = path
        self.cut_at = cut_at
        self.operations = 0

    @classmethod
    def create(cls, path: Path, *, size: int) -> FlashFile:
        """Make a file for a blank flash of `size` bytes and return the flash."""
        path.write_bytes(b"\xff" * size)
        return cls(path)

    @property
    def size(self) -> int:
        """Return the size of the flash in bytes."""
        return self.path.stat().st_size

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes at `offset`."""
        self._check(offset, size)
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Clear the bits at `offset` that are 0 in `data`: one operation."""
        size = self._begin(offset, len(data))
        old = int.from_bytes(self.read(offset, size), "little")
        self._put(offset, (old & int.from_bytes(data[:size], "little")).to_bytes(size, "little"))
        self._end(size, len(data))

    def erase(self, offset: int) -> None:
        """Set the sector at `offset` to 0xFF: one operation. Raises ValueError inside a sector."""
        if offset % SECTOR:
            raise ValueError(f"{offset:#x} is not the start of a sector of {SECTOR} bytes")
        size = self._begin(offset, SECTOR)
        self._put(offset, b"\xff" * size)
        self._end(size, SECTOR)

    def burn(self, offset: int, image: bytes) -> None:
        """Erase the sectors that `image` covers and write it, as esptool does."""
        for sector in range(offset - offset % SECTOR, offset + len(image), SECTOR):
            self.erase(sector)
        self.write(offset, image)

    def _begin(self, offset: int, size: int) -> int:
        self._check(offset, size)
        return size // 2 if self._count() == self.cut_at else size

    def _count(self) -> int:
        self.operations += 1
        return self.operations

    def _end(self, done: int, size: int) -> None:
        if done < size:
            raise PowerCutError(f"power was cut in operation {self.cut_at}")

    def _put(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def _check(self, offset: int, size: int) -> None:
        if not 0 <= offset <= offset + size <= self.size:
            raise ValueError(
                f"{size} bytes at {offset:#x} are outside the flash of {self.size:#x} bytes"
            )
