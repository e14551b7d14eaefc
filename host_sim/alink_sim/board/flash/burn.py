"""A whole flash: a board definition, an identity and files in, the bytes a factory writes out."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from alink_formats import identity as identities
from alink_formats import littlefs, nvs, nvs_generator, partitions
from alink_formats.board import BoardDefinition
from alink_formats.flash import SECTOR
from alink_formats.identity import Identity
from alink_formats.partitions import PartitionTable
from alink_sim.board.flash import firmware_image
from alink_sim.board.flash.flash_file import FlashFile


class BurnError(Exception):
    """A flash that could not be made; the text says what to do."""


def burn(
    flash: FlashFile,
    board: BoardDefinition,
    *,
    layout: str,
    identity: Identity | None,
    files: Mapping[str, bytes],
    app: bytes | None = None,
    damage: str | None = None,
) -> None:
    """Write partition table, identity (None: nothing is burned) and the file system volume.

    `app` goes into the first slot, and a boot loader with it. `damage` names a field of the
    identity, as the vendor spells it, that has suffered in flash.
    """
    table = board.table(layout)
    flash.burn(partitions.OFFSET, table.to_binary())
    if identity is not None:
        record = identities.encode(identity)
        record = damaged(record, damage) if damage else record
        burn_record(flash, board, layout=layout, record=record)
    if app is not None:
        loader = firmware_image.bootloader(board.chip, flash_size=board.flash_size)
        flash.burn(board.firmware_offset, loader)
        flash.burn(table.slots[0].offset, app)
    vfs = table.find("vfs")
    flash.burn(vfs.offset, littlefs.build(files, size=vfs.size))


def burn_record(flash: FlashFile, board: BoardDefinition, *, layout: str, record: bytes) -> None:
    """Write a certificate record, right or damaged, where the layout keeps it."""
    table = board.table(layout)
    if layout == "factory":
        place = table.find("fctry")
        if len(record) > place.size:
            raise BurnError(f"the record has {len(record)} bytes, fctry takes {place.size}")
        flash.burn(place.offset, record)
    else:
        place = table.find("nvs")
        if len(record) > identities.LIMITS["credential"]:
            raise BurnError(f"the record has {len(record)} bytes, NVS takes 4096: burn fewer Ca")
        flash.burn(place.offset, nvs_generator.generate({"cert": record}, size=place.size))


def replace_table(flash: FlashFile, board: BoardDefinition, *, layout: str) -> None:
    """Do what flashing a stock image over it does: its table, and a blank `nvs`."""
    table = board.table(layout)
    flash.burn(partitions.OFFSET, table.to_binary())
    nvs = table.find("nvs")
    flash.burn(nvs.offset, b"\xff" * nvs.size)


def fill_nvs(flash: FlashFile, table: PartitionTable) -> None:
    """Leave no free page in `nvs`, as an application can; the next boot erases all of it."""
    place = table.find("nvs")
    for number, page in enumerate(range(place.offset, place.end, SECTOR)):
        if flash.read(page, 4) == b"\xff" * 4:
            header = struct.pack("<IB", 1000 + number, 0xFE) + b"\xff" * 19
            header += struct.pack("<I", nvs.crc(header))
            flash.write(page, b"\xfc\xff\xff\xff" + header)


def damaged(record: bytes, field: str) -> bytes:
    """Return a record whose field, named as the vendor spells it, has lost a byte to bit rot."""
    at, end = 12, 12 + int.from_bytes(record[6:8], "little")
    while at < end:
        tag, length = struct.unpack_from("<BH", record, at)
        if identities.field_name(identities.TAGS[tag - 1]) == field:
            return record[: at + 3] + b"\0" + record[at + 4 :]
        at += 3 + length
    raise BurnError(f"the record has no {field} that could be damaged")
