"""Whether the boards of a batch can hold its ProductSecrets in an eFuse key block."""

from __future__ import annotations

from collections.abc import Mapping

from alink_factory.batch.batch_file import Batch
from alink_factory.errors import BatchError
from alink_formats.board import BoardDefinition
from alink_formats.chips import CHIPS

_KEY_SIZE = 32  # Characters that an eFuse key block holds.


def check(batch: Batch, board: BoardDefinition, secrets: Mapping[str, str]) -> None:
    """Raise BatchError if a batch puts its secrets into eFuses that its boards do not have."""
    if batch.efuse_block is None:
        return
    where = f'{batch.file}: secret.where is "efuse"'
    if not CHIPS[board.chip].has_hmac:
        able = ", ".join(sorted(name for name, chip in CHIPS.items() if chip.has_hmac))
        raise BatchError(
            f"{where}, but the {board.chip} of {board.name} has no HMAC unit: use a board with "
            f"{able}"
        )
    for key, value in secrets.items():
        if len(value) > _KEY_SIZE:
            raise BatchError(
                f"{where}, but the ProductSecret of {key} has {len(value)} characters; a key "
                f"block holds {_KEY_SIZE}"
            )
