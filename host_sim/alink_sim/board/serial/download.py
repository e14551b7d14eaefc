"""One download into flash, plain or deflated, block by block."""

from __future__ import annotations

import zlib

from alink_formats.flash import SECTOR
from alink_sim.board.flash.flash_file import FlashFile


class DownloadError(Exception):
    """The loader refuses a block; `code` is the error byte of the status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"status {code:#04x}")
        self.code = code


FAILED_TO_ACT = 0x06
INVALID_CRC = 0x07
DEFLATE_ERROR = 0x0B


class Download:
    """Erase the sectors of `size` bytes at `offset`, then write the blocks in order.

    Raises DownloadError for a range outside the flash, a wrong order or a malformed stream.
    """

    def __init__(self, flash: FlashFile, *, offset: int, size: int, deflated: bool) -> None:
        if offset + size > flash.size:
            raise DownloadError(FAILED_TO_ACT)
        for sector in range(offset - offset % SECTOR, offset + size, SECTOR):
            flash.erase(sector)
        self._flash = flash
        self._at = offset
        self._end = offset + size
        self._next = 0
        self._inflate = zlib.decompressobj() if deflated else None

    def put(self, block: bytes, *, sequence: int) -> None:
        """Write the next block; the first has `sequence` 0. Raises DownloadError."""
        if sequence != self._next:
            raise DownloadError(FAILED_TO_ACT)
        data = block
        if self._inflate:
            try:
                data = self._inflate.decompress(block)
            except zlib.error:
                raise DownloadError(DEFLATE_ERROR) from None
        if self._at + len(data) > self._flash.size:
            raise DownloadError(FAILED_TO_ACT)
        self._flash.write(self._at, data)
        self._at += len(data)
        self._next += 1
