"""Which copies of a credential a board's flash holds, read by the host's own reader."""

from __future__ import annotations

from collections.abc import Iterator

from alink_formats import identity
from alink_formats.flash import SECTOR
from alink_sim.board import Board


def credential_is_whole(board: Board, product_key: str, device_name: str) -> bool:
    """Tell whether any place holds a complete credential of this device."""
    for data in _copies(board):
        try:
            record = identity.decode(data)
        except identity.IdentityError:
            continue
        found = record.identity
        if (found.product_key, found.device_name) == (product_key, device_name):
            return record.kind == "credential"
    return False


def _copies(board: Board) -> Iterator[bytes]:
    for place in board.table().partitions:
        if place.name == "cred":
            for offset in range(place.offset, place.offset + place.size, SECTOR):
                yield board.flash.read(offset, SECTOR)
    for entry in board.nvs():
        if entry.key == "cred" and isinstance(entry.value, bytes):
            yield entry.value
    yield board.vfs_files().get("/alink.cred", b"")
