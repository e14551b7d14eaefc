"""Choose the application that boots from flash, or report why the chip cannot boot.

The ROM looks for a boot loader, and the boot loader looks for a partition table and an
application. If something is missing, it prints the message of ESP-IDF on the serial port.
"""

from __future__ import annotations

import hashlib
from functools import reduce
from operator import xor

from alink_formats import partitions
from alink_formats.board import BoardDefinition
from alink_formats.partitions import Partition, PartitionError, PartitionTable
from alink_sim.board.chips import CHIPS
from alink_sim.board.flash.firmware_image import CHECKSUM_SEED, FLASH_SIZES, HEADER, MAGIC, SEGMENT
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.flash.ota_data import OtaData


class BootError(Exception):
    """The board does not boot; the text is its output."""


def is_there(flash: FlashFile, definition: BoardDefinition) -> bool:
    """Return whether the flash contains a boot loader."""
    return flash.read(definition.firmware_offset, 1)[0] == MAGIC


def start(flash: FlashFile, definition: BoardDefinition) -> Partition:
    """Return the application partition that boots, as `OtaData.boot` chooses it.

    Raises BootError, or PowerCutError if power fails while it stores the choice.
    """
    head = flash.read(definition.firmware_offset, HEADER.size)
    if not is_there(flash, definition):
        word = int.from_bytes(head[:4], "little")
        raise BootError(f"invalid header: {word:#010x}\n")
    flash_size = _size(head)
    try:
        data = flash.read(partitions.OFFSET, partitions.SIZE)
        table = PartitionTable.from_binary(data, flash_size=flash_size)
    except PartitionError as error:
        raise BootError(
            f"E (35) flash_parts: {error}\nE (40) boot: Failed to verify partition table\n"
            "E (45) boot: load partition table error!\n"
        ) from error
    choice = OtaData(flash, table)
    problems = []
    for slot in choice.boot():
        problem = image_error(flash, slot, CHIPS[definition.chip].chip_id)
        if not problem:
            choice.started(slot)
            return slot
        problems.append(f"E (60) esp_image: {problem}\n")
    raise BootError("".join(problems) + "E (70) boot: No bootable app partitions\n")


def _size(head: bytes) -> int:
    code = head[3] >> 4
    return next((size for size, number in FLASH_SIZES.items() if number == code), 0)


def image_error(flash: FlashFile, slot: Partition, chip_id: int) -> str:
    """Return ESP-IDF's error message about the image in a slot, or "" for a valid image."""
    where = f"image at {slot.offset:#x}"
    head = flash.read(slot.offset, HEADER.size)
    if head[0] != MAGIC:
        return f"{where} has invalid magic byte (nothing flashed here?)"
    fields = HEADER.unpack(head)
    if fields[7] != chip_id:
        return f"mismatch chip ID, expected {chip_id}, found {fields[7]}"
    at, checksum = slot.offset + HEADER.size, CHECKSUM_SEED
    for _ in range(fields[1]):
        _, size = SEGMENT.unpack(flash.read(at, SEGMENT.size))
        at += SEGMENT.size
        if at + size > slot.end:
            return f"{where} is larger than its partition"
        checksum = reduce(xor, flash.read(at, size), checksum)
        at += size
    at += 16 - (at - slot.offset) % 16
    if flash.read(at - 1, 1)[0] != checksum:
        return f"Checksum failed. Calculated {checksum:#x}"
    digest = hashlib.sha256(flash.read(slot.offset, at - slot.offset)).digest()
    if fields[12] and flash.read(at, 32) != digest:
        return "Image hash failed - image is corrupt"
    return ""
