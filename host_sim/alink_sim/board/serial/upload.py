"""Code that a host loads into RAM, in segments and blocks."""

from __future__ import annotations

import struct

from alink_sim.board.serial.download import FAILED_TO_ACT, DownloadError


class Upload:
    """The segments of MEM_BEGIN and the blocks of MEM_DATA."""

    def __init__(self) -> None:
        self._complete: list[range] = []
        self._announced = range(0)
        self._got = 0
        self._next = 0

    def begin(self, body: bytes) -> None:
        """Begin a segment: size, number of blocks, block size, address."""
        size, _, _, address = struct.unpack_from("<IIII", body)
        self._announced = range(address, address + size)
        self._got = self._next = 0

    def block(self, body: bytes) -> None:
        """Add the next block of the segment. Raises DownloadError for a wrong one."""
        size, sequence = struct.unpack_from("<II", body)
        if sequence != self._next or size != len(body) - 16:
            raise DownloadError(FAILED_TO_ACT)
        self._next += 1
        self._got += size
        if self._got == len(self._announced):
            self._complete.append(self._announced)

    def starts(self, body: bytes) -> bool:
        """Return whether MEM_END starts an address inside a complete segment."""
        stays, entry = struct.unpack_from("<II", body)
        return not stays and any(entry in segment for segment in self._complete)
