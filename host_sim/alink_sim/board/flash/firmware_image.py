"""Build fake firmware images that pass the checks of esptool and of a boot loader.

ESP-IDF documents the format: a header of 24 bytes (magic 0xE9, segments, flash mode, size and
frequency, entry, chip, revisions, a flag for the SHA-256), segments (address u32, size u32, data),
padding to 16 bytes whose last byte is a checksum, and the SHA-256 of everything before it.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Mapping
from functools import reduce
from operator import xor

from alink_formats import partitions
from alink_formats.board import BoardDefinition
from alink_formats.partitions import PartitionTable
from alink_sim.board.chips import CHIPS

MAGIC = 0xE9
HEADER = struct.Struct("<BBBBI B3s H B HH 4s B")
SEGMENT = struct.Struct("<II")
CHECKSUM_SEED = 0xEF
FLASH_SIZES = {1 << 20 << code: code for code in range(8)}  # bytes → code in the header

_DIO, _40M = 2, 0
_FROZEN = b"frozen modules\0"
# Addresses of constants and code in the memory map of each chip.
_CONSTANTS = {
    "esp32": 0x3F400020,
    "esp32s2": 0x3F000020,
    "esp32s3": 0x3C000020,
    "esp32c3": 0x3C000020,
    "esp32c6": 0x42000020,
}
_CODE = {
    "esp32": 0x40080000,
    "esp32s2": 0x40024000,
    "esp32s3": 0x40374000,
    "esp32c3": 0x40380000,
    "esp32c6": 0x40800000,
}
_DESCRIPTION = struct.Struct("<I I 8x 32s 32s 16s 16s 32s 32s 80x")


def application(
    chip: str,
    *,
    size: int = 96 * 1024,
    seed: int = 0,
    version: str = "v1.26.1",
    frozen: Mapping[str, str] | None = None,
) -> bytes:
    """Return an application image of about `size` bytes, filled with random bytes of `seed`.

    `frozen` maps file names ("version.py") to source: a board that runs the image imports these
    modules before those of its vfs.
    """
    description = _DESCRIPTION.pack(
        0xABCD5432,
        0,
        version.encode(),
        b"micropython",
        b"12:00:00",
        b"Sep 11 2025",
        b"v5.4.2",
        hashlib.sha256(b"%d" % seed).digest(),
    )
    filling = random.Random(seed).randbytes(max(0, size - 4096))
    segments = [(_CONSTANTS[chip], description + filling), (_CODE[chip], bytes(2048))]
    if frozen:
        content = _FROZEN + json.dumps(dict(frozen)).encode()
        segments.insert(1, (_CONSTANTS[chip] + 0x200000, content))
    return _image(chip, segments)


def frozen_in(image: bytes) -> dict[str, str]:
    """Return the modules that are frozen into a valid image: file name to source."""
    at = HEADER.size
    for _ in range(image[1]):
        _, size = SEGMENT.unpack_from(image, at)
        at += SEGMENT.size
        if image[at:].startswith(_FROZEN):
            content = image[at + len(_FROZEN) : at + size].rstrip(b"\0")
            modules: dict[str, str] = json.loads(content)
            return modules
        at += size
    return {}


def bootloader(chip: str, *, flash_size: int = 4 << 20) -> bytes:
    """Return a fake second-stage boot loader whose header contains the flash size in bytes."""
    return _image(chip, [(_CODE[chip], b"boot loader " * 1024)], flash_size=flash_size)


def published(
    definition: BoardDefinition,
    *,
    table: PartitionTable | None = None,
    app: bytes | None = None,
) -> bytes:
    """Return a merged image as MicroPython publishes it; it begins at `firmware_offset`.

    The default `table` is that of the layout "stock"; the default `app` is an `application`.
    """
    table = table or definition.table("stock")
    slot = table.slots[0]
    parts = [
        (definition.firmware_offset, bootloader(definition.chip)),
        (partitions.OFFSET, table.to_binary()),
        (slot.offset, app if app is not None else application(definition.chip)),
    ]
    image = b""
    for offset, data in parts:
        image += b"\xff" * (offset - definition.firmware_offset - len(image)) + data
    return image


def _image(chip: str, segments: list[tuple[int, bytes]], *, flash_size: int = 4 << 20) -> bytes:
    code = FLASH_SIZES[flash_size]
    image = HEADER.pack(
        MAGIC,
        len(segments),
        _DIO,
        code << 4 | _40M,
        segments[-1][0],  # The entry point is the start of the code.
        0xEE,
        b"",
        CHIPS[chip].chip_id,
        0,
        0,
        0xFFFF,
        b"",
        1,
    )
    checksum = CHECKSUM_SEED
    for address, content in segments:
        padded = content + bytes(-len(content) % 4)
        image += SEGMENT.pack(address, len(padded)) + padded
        checksum = reduce(xor, padded, checksum)
    image += bytes(15 - len(image) % 16) + bytes((checksum,))
    return image + hashlib.sha256(image).digest()
