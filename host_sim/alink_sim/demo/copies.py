"""Read the copies of a credential in a board's flash with the host's decoder."""

from __future__ import annotations

from collections.abc import Iterator

from alink_formats import identity
from alink_formats.flash import SECTOR
from alink_sim.board import Board


def credential_is_whole(board: Board, product_key: str, device_name: str) -> bool:
    """Return whether any copy is a complete credential of this device."""
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
    for part in board.table().partitions:
        if part.name == "cred":
            for offset in range(part.offset, part.offset + part.size, SECTOR):
                yield board.flash.read(offset, SECTOR)
    for entry in board.nvs():
        if entry.key == "cred" and isinstance(entry.value, bytes):
            yield entry.value
    yield board.vfs_files().get("/alink.cred", b"")
