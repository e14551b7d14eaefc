"""Images in the format of Espressif's, as a MicroPython build publishes them, without its code."""

from __future__ import annotations

import hashlib
import random
import struct
from functools import reduce
from operator import xor

from alink_formats import partitions
from alink_formats.app_image import CHIP_IDS
from alink_formats.board import BoardDefinition

_ADDRESSES = {  # Of RAM and of mapped flash, as `esptool image-info` knows them.
    "esp32": (0x3FFB0000, 0x400D0020),
    "esp32s3": (0x3FC88000, 0x42000020),
    "esp32c3": (0x3FC80000, 0x42000020),
}


def image(chip: str, *, size: int, seed: int, flash_size: int = 2) -> bytes:
    """Return an image with two segments, `size` bytes of them, checksum and digest."""
    rng = random.Random(seed)
    # Half of it compresses, as machine code does.
    body = (rng.randbytes(size // 2) + bytes(size // 2))[: size // 4 * 4]
    parts = (body[:4096], body[4096:]) if len(body) > 4096 else (body,)
    entry = _ADDRESSES[chip][0]
    header = struct.pack("<BBBBI", 0xE9, len(parts), 2, flash_size << 4, entry)
    header += struct.pack("<B3xHBHH4xB", 0xEE, CHIP_IDS[chip], 0, 0, 0xFFFF, 1)
    data, checksum = header, 0xEF
    for address, part in zip(_ADDRESSES[chip], parts, strict=False):
        data += struct.pack("<II", address, len(part)) + part
        checksum ^= reduce(xor, part, 0)
    data += bytes(15 - len(data) % 16) + bytes((checksum,))
    return data + hashlib.sha256(data).digest()


def merged(board: BoardDefinition, *, app_size: int = 60_000, seed: int = 1) -> bytes:
    """Return boot loader, stock table and application with 0xFF between, as published."""
    base = board.firmware_offset
    table = board.table("stock")
    slot = next(p for p in table.partitions if p.type == partitions.TYPES["app"])
    data = image(board.chip, size=9_000, seed=seed)
    data = data.ljust(partitions.OFFSET - base, b"\xff") + table.to_binary()
    data = data.ljust(slot.offset - base, b"\xff")
    return data + image(board.chip, size=app_size, seed=seed + 1)
