"""What a chip does between reset and its firmware: flash in, the application or a complaint out.

The ROM looks for a boot loader, that one for a table and an application; each says on the serial
port what it misses, in the words of ESP-IDF, and starts over.
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
    """The board does not start; the text is what it prints."""


def is_there(flash: FlashFile, definition: BoardDefinition) -> bool:
    """Return whether a boot loader is in flash."""
    return flash.read(definition.firmware_offset, 1)[0] == MAGIC


def start(flash: FlashFile, definition: BoardDefinition) -> Partition:
    """Return the application partition that is started, chosen as `OtaData.boot` says.

    Raises BootError, and PowerCutError where that choice is written.
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
    faults = []
    for slot in choice.boot():
        fault = image_fault(flash, slot, CHIPS[definition.chip].chip_id)
        if not fault:
            choice.started(slot)
            return slot
        faults.append(f"E (60) esp_image: {fault}\n")
    raise BootError("".join(faults) + "E (70) boot: No bootable app partitions\n")


def _size(head: bytes) -> int:
    code = head[3] >> 4
    return next((size for size, number in FLASH_SIZES.items() if number == code), 0)


def image_fault(flash: FlashFile, slot: Partition, chip_id: int) -> str:
    """Return what is wrong with the image in a slot, in ESP-IDF's words; "" if nothing."""
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
