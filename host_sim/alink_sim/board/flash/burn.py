"""Burn a whole flash as a factory does: partition table, certificate, application, files."""

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
    """The flash cannot be burned; the text says what to change."""


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
    """Burn the partition table, the certificate of `identity` (None: skip it) and the vfs.

    `app` goes into the first slot, with a boot loader. `damage` names a field of the certificate,
    as the vendor spells it, to damage. Raises IdentityError, VfsError or BurnError.
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
    """Burn a certificate record, valid or damaged, where the layout stores it.

    Raises BurnError if it is too long.
    """
    table, size = board.table(layout), len(record)
    if layout == "factory":
        partition = table.find("fctry")
        if size > partition.size:
            raise BurnError(
                f"the record is {len(record)} bytes; the limit of fctry is {partition.size}"
            )
        flash.burn(partition.offset, record)
    else:
        partition = table.find("nvs")
        if size > identities.LIMITS["credential"]:
            raise BurnError(
                f"the record is {len(record)} bytes; the limit of NVS is 4096: burn fewer Ca"
            )
        flash.burn(partition.offset, nvs_generator.generate({"cert": record}, size=partition.size))


def replace_table(flash: FlashFile, board: BoardDefinition, *, layout: str) -> None:
    """Flash a stock image over the board: the table of `layout` and a blank `nvs`."""
    table = board.table(layout)
    flash.burn(partitions.OFFSET, table.to_binary())
    nvs = table.find("nvs")
    flash.burn(nvs.offset, b"\xff" * nvs.size)


def fill_nvs(flash: FlashFile, table: PartitionTable) -> None:
    """Fill every page of `nvs`, as an application can; the next boot erases it."""
    partition = table.find("nvs")
    for number, page in enumerate(range(partition.offset, partition.end, SECTOR)):
        if flash.read(page, 4) == b"\xff" * 4:
            header = struct.pack("<IB", 1000 + number, 0xFE) + b"\xff" * 19
            header += struct.pack("<I", nvs.crc(header))
            flash.write(page, b"\xfc\xff\xff\xff" + header)


def damaged(record: bytes, field: str) -> bytes:
    """Return the record with one byte of a field changed; `field` is the vendor's spelling.

    Raises BurnError if the record does not contain the field.
    """
    at, end = 12, 12 + int.from_bytes(record[6:8], "little")
    while at < end:
        tag, length = struct.unpack_from("<BH", record, at)
        if identities.field_name(identities.TAGS[tag - 1]) == field:
            return record[: at + 3] + b"\0" + record[at + 4 :]
        at += 3 + length
    raise BurnError(f"the record has no field {field} to damage")
