"""A published MicroPython image as regions of flash: boot loader and application.

A published image is merged: boot loader, partition table and application with 0xFF between them,
which would blank NVS and replace our table. So only the two slices are written.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from alink_factory.errors import BatchError
from alink_factory.image.region import Region
from alink_formats import app_image, partitions
from alink_formats.app_image import AppImage, AppImageError
from alink_formats.board import BoardDefinition
from alink_formats.partitions import Partition, PartitionError, PartitionTable

_VERSION = re.compile(r"v(\d{1,3})\.(\d{1,3})\b")
_OLDEST = (1, 24)


@dataclass(frozen=True)
class FirmwareImage:
    """A merged image, split; `sha256` is that of the file."""

    boot_loader: AppImage
    app: AppImage
    sha256: str

    def regions(self, board: BoardDefinition, table: PartitionTable) -> list[Region]:
        """Return the regions to write, with the board's flash size in the boot loader.

        Raises BatchError if a slot of the table is too small for the application.
        """
        if small := self.too_small(table):
            raise BatchError(
                f"the application is {len(self.app.data)} bytes; the limit of the slot "
                f"{small.name} is {small.size}: use a smaller firmware image or another layout"
            )
        boot_loader = self.boot_loader.with_flash_size(board.flash_size)
        return [
            Region(board.firmware_offset, "boot-loader", boot_loader.data),
            Region(app_slot(table).offset, "application", self.app.data),
        ]

    def too_small(self, table: PartitionTable) -> Partition | None:
        """Return the first slot of a table that cannot take the application, None if all can.

        An OTA update goes into the second slot of two, so the application must fit both.
        """
        return next((slot for slot in table.slots if slot.size < len(self.app.data)), None)


def load(file: Path, sha256: str, board: BoardDefinition) -> FirmwareImage:
    """Return the image in `file`, which must have this SHA-256. Raises BatchError."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BatchError(f"firmware.image {file}: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise BatchError(
            f"firmware.image {file} has SHA-256 {digest}, but firmware.sha256 is "
            f"{sha256}: correct one of them"
        )
    try:
        image = _split(data, digest, board)
    except (AppImageError, PartitionError) as error:
        raise BatchError(
            f"firmware.image {file} is not a merged MicroPython image for {board.chip} ({error})"
        ) from error
    version = image.app.version
    if (found := _VERSION.match(version)) and (int(found[1]), int(found[2])) < _OLDEST:
        raise BatchError(
            f"firmware.image {file} is MicroPython {version}; the SDK needs "
            f"v{_OLDEST[0]}.{_OLDEST[1]} or later"
        )
    return image


def app_slot(table: PartitionTable) -> Partition:
    """Return the slot that boots first: `factory`, else `ota_0`."""
    apps = [entry for entry in table.partitions if entry.type == partitions.TYPES["app"]]
    return min(apps, key=lambda entry: entry.subtype)


def _split(data: bytes, digest: str, board: BoardDefinition) -> FirmwareImage:
    base = board.firmware_offset
    if (chip := app_image.chip_of(data)) not in ("", board.chip):
        raise AppImageError(
            f"it is for {chip}: use an image for {board.chip}, or another board.name"
        )
    boot_loader = app_image.read(data[: partitions.OFFSET - base])
    at = partitions.OFFSET - base
    table = PartitionTable.from_binary(data[at : at + partitions.SIZE], flash_size=1 << 27)
    app = app_image.read(data[app_slot(table).offset - base :])
    for what, image in (("boot loader", boot_loader), ("application", app)):
        if image.chip_id != app_image.CHIP_IDS[board.chip]:
            raise AppImageError(f"its {what} is for chip id {image.chip_id}")
    return FirmwareImage(boot_loader, app, digest)
