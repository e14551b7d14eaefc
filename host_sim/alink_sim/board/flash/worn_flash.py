"""Worn flash: some bits stay 0."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alink_sim.board.flash.flash_file import FlashFile


class WornFlash(FlashFile):
    """A flash in which the bits of `stuck` (offset to mask) always read 0."""

    def __init__(self, path: Path, *, stuck: Mapping[int, int]) -> None:
        super().__init__(path)
        self._stuck = dict(stuck)

    def _put(self, offset: int, data: bytes) -> None:
        worn = bytearray(data)
        for at, mask in self._stuck.items():
            if offset <= at < offset + len(worn):
                worn[at - offset] &= ~mask & 0xFF
        super()._put(offset, bytes(worn))
