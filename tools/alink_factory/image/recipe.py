"""What is burned on one board: identity and layout in, regions of flash out, and back.

Every image is read with our own reader before it is written, and again from what the board gives
back: an MD5 proves that bytes arrived, not that the device can read them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from alink_factory.errors import BatchError, BoardError
from alink_factory.image import volume
from alink_factory.image.firmware import FirmwareImage
from alink_factory.image.flash_content import FlashContent, nvs_blobs
from alink_factory.image.region import Region
from alink_formats import identity as identities
from alink_formats import nvs_generator, partitions
from alink_formats.board import BoardDefinition
from alink_formats.identity import Identity
from alink_formats.partitions import PartitionTable


@dataclass(frozen=True)
class Image:
    """Regions in the order of the flash, and the start of the SHA-256 of the identity's record."""

    regions: tuple[Region, ...]
    record: str

    @property
    def size(self) -> int:
        """Bytes of all regions."""
        return sum(len(region.data) for region in self.regions)


@dataclass(frozen=True)
class Recipe:
    """What all boards of a batch have in common, for one size of flash."""

    board: BoardDefinition
    layout: str
    firmware: FirmwareImage | None
    files: dict[str, bytes]

    @property
    def table(self) -> PartitionTable:
        """The partition table that is written."""
        return self.board.table(self.layout)

    def build(
        self, identity: Identity, found: FlashContent | None, *, fresh: bool = False
    ) -> Image:
        """Return the image of one board. `found` is what it carries, None: nothing.

        What the device keeps of its registration stays, unless `fresh`. Raises BatchError when
        something does not fit, BoardError when our own reader does not read what was built.
        """
        record = identities.encode(identity)
        regions = self._common(found, fresh=fresh)
        if self.layout == "factory":
            regions += self._in_partition(record, fresh=fresh)
        else:
            regions += self._in_nvs(record, found, fresh=fresh)
        image = Image(
            tuple(sorted(regions, key=lambda region: region.offset)),
            hashlib.sha256(record).hexdigest()[:16],
        )
        self._check(image, identity)
        return image

    def identity_in(self, regions: dict[int, bytes]) -> Identity | None:
        """Return the certificate in bytes that were read, by offset, as the device would."""
        if self.layout == "factory":
            data = regions.get(self.table.find("fctry").offset, b"")
        else:
            data = nvs_blobs(regions.get(self.table.find("nvs").offset, b"")).get("cert", b"")
        try:
            return identities.decode(data).identity
        except identities.IdentityError:
            return None

    def _common(self, found: FlashContent | None, *, fresh: bool) -> list[Region]:
        table = self.table.to_binary()
        regions = [Region(partitions.OFFSET, "table", table)]
        regions += self.firmware.regions(self.board, self.table) if self.firmware else []
        for entry in self.table.partitions:
            if (entry.type, entry.subtype) == (partitions.TYPES["data"], 0):
                # Which slot boots: the one that is written.
                regions.append(Region(entry.offset, entry.name, b"\xff" * entry.size))
        kept = {} if fresh or found is None else found.kept_files
        regions.append(self._volume(kept) if kept else self._plain_volume)
        return regions

    @cached_property
    def _plain_volume(self) -> Region:
        return self._volume({})

    def _volume(self, kept: dict[str, bytes]) -> Region:
        place = self.table.find("vfs")
        region = volume.region(self.files | kept, place)
        if volume.read(region.data, place) != self.files | kept:
            raise _unreadable("volume")
        return region

    def _in_partition(self, record: bytes, *, fresh: bool) -> list[Region]:
        place = self.table.find("fctry")
        if len(record) > place.size:
            raise BatchError(f"the identity has {len(record)} bytes, fctry takes {place.size}")
        regions = [Region(place.offset, "identity", record.ljust(place.size, b"\xff"))]
        if fresh:
            for name in ("cred", "nvs"):
                blank = self.table.find(name)
                regions.append(Region(blank.offset, name, b"\xff" * blank.size))
        return regions

    def _in_nvs(self, record: bytes, found: FlashContent | None, *, fresh: bool) -> list[Region]:
        place = self.table.find("nvs")
        limit = identities.LIMITS["credential"]
        if len(record) > limit:
            raise BatchError(
                f"the identity has {len(record)} bytes, NVS takes {limit}: burn fewer roots (ca), "
                "or use the layout factory"
            )
        records = {"cert": record}
        if found and not fresh:
            if found.nvs.get("cert") == record:
                return []  # Wi-Fi and the application keep things there too.
            records |= {key: blob for key, blob in found.nvs.items() if key == "cred"}
        image = nvs_generator.generate(records, size=place.size)
        return [Region(place.offset, "identity", image)]

    def _check(self, image: Image, identity: Identity) -> None:
        by_offset = {region.offset: region.data for region in image.regions}
        is_kept = not any(region.name == "identity" for region in image.regions)
        table = PartitionTable.from_binary(by_offset[partitions.OFFSET], flash_size=1 << 27)
        if table != self.table:
            raise _unreadable("table")
        if not is_kept and self.identity_in(by_offset) != identity:
            raise _unreadable("identity")


def _unreadable(what: str) -> BoardError:
    return BoardError(
        "imaged",
        f"the {what} does not read back as what went into it",
        advice="Stop the line: report this as a fault of alink-burn.",
        is_final=True,
    )
