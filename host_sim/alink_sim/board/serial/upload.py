"""Code a host loads into RAM: segments and blocks in, whether it can be started out."""

from __future__ import annotations

import struct

from alink_sim.board.serial.download import FAILED_TO_ACT, DownloadError


class Upload:
    """What MEM_BEGIN announced and MEM_DATA brought. Raises DownloadError on a wrong block."""

    def __init__(self) -> None:
        self._complete: list[range] = []
        self._announced = range(0)
        self._got = 0
        self._next = 0

    def begin(self, body: bytes) -> None:
        """Take the announcement of a segment: size, blocks, block size, address."""
        size, _, _, address = struct.unpack_from("<IIII", body)
        self._announced = range(address, address + size)
        self._got = self._next = 0

    def block(self, body: bytes) -> None:
        """Take the next block of the segment."""
        size, sequence = struct.unpack_from("<II", body)
        if sequence != self._next or size != len(body) - 16:
            raise DownloadError(FAILED_TO_ACT)
        self._next += 1
        self._got += size
        if self._got == len(self._announced):
            self._complete.append(self._announced)

    def starts(self, body: bytes) -> bool:
        """Return whether MEM_END asks to run an address inside a segment that came whole."""
        stays, entry = struct.unpack_from("<II", body)
        return not stays and any(entry in segment for segment in self._complete)
