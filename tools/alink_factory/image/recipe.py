"""The image of one board: identity and layout in, regions of flash out, and back.

Our own reader checks every image before it is written, and again after it is read back from the
board: an MD5 proves that bytes arrived, not that the device can read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from alink_factory.errors import BatchError, BoardError
from alink_factory.image import vfs
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
    """Regions in flash order, and the start of the SHA-256 of the identity record."""

    regions: tuple[Region, ...]
    record: str

    @property
    def size(self) -> int:
        """Bytes of all regions."""
        return sum(len(region.data) for region in self.regions)


@dataclass(frozen=True)
class Recipe:
    """The parts that all boards of a batch with one size of flash share."""

    board: BoardDefinition
    layout: str
    firmware: FirmwareImage | None
    files: dict[str, bytes]
    scrubs: bool = False

    @property
    def table(self) -> PartitionTable:
        """The partition table to write; with `scrubs`, boards may erase their certificate."""
        table = self.board.table(self.layout)
        return table.with_writable("fctry") if self.scrubs else table

    def build(
        self, identity: Identity, content: FlashContent | None, *, fresh: bool = False
    ) -> Image:
        """Return the image of one board; `content` is its present content, None if blank.

        The device keeps its registration, unless `fresh`. Raises BatchError if a part does not
        fit, BoardError if our own reader does not read back the same values.
        """
        record = identities.encode(identity)
        regions = self._common(content, fresh=fresh)
        if self.layout == "factory":
            regions += self._in_partition(record, fresh=fresh)
        else:
            regions += self._in_nvs(record, content, fresh=fresh)
        image = Image(
            tuple(sorted(regions, key=lambda region: region.offset)),
            identities.digest(record),
        )
        self._check(image, identity)
        return image

    def identity_in(self, regions: dict[int, bytes]) -> Identity | None:
        """Return the certificate in `regions` (bytes by offset), decoded as the device does it."""
        if self.layout == "factory":
            data = regions.get(self.table.find("fctry").offset, b"")
        else:
            data = nvs_blobs(regions.get(self.table.find("nvs").offset, b"")).get("cert", b"")
        try:
            return identities.decode(data).identity
        except identities.IdentityError:
            return None

    def _common(self, content: FlashContent | None, *, fresh: bool) -> list[Region]:
        table = self.table.to_binary()
        regions = [Region(partitions.OFFSET, "table", table)]
        regions += self.firmware.regions(self.board, self.table) if self.firmware else []
        for entry in self.table.partitions:
            if (entry.type, entry.subtype) == (partitions.TYPES["data"], 0):
                # Blank: the first slot boots, the one that is written.
                regions.append(Region(entry.offset, entry.name, b"\xff" * entry.size))
        kept = {} if fresh or content is None else content.kept_files
        regions.append(self._vfs(kept) if kept else self._default_vfs)
        return regions

    @cached_property
    def _default_vfs(self) -> Region:
        return self._vfs({})

    def _vfs(self, kept: dict[str, bytes]) -> Region:
        place = self.table.find("vfs")
        region = vfs.region(self.files | kept, place)
        if vfs.read(region.data, place) != self.files | kept:
            raise _unreadable("vfs")
        return region

    def _in_partition(self, record: bytes, *, fresh: bool) -> list[Region]:
        place = self.table.find("fctry")
        if len(record) > place.size:
            raise BatchError(
                f"the identity record is {len(record)} bytes; the limit in fctry is {place.size}"
            )
        regions = [Region(place.offset, "identity", record.ljust(place.size, b"\xff"))]
        if fresh:
            for name in ("cred", "nvs"):
                blank = self.table.find(name)
                regions.append(Region(blank.offset, name, b"\xff" * blank.size))
        return regions

    def _in_nvs(self, record: bytes, content: FlashContent | None, *, fresh: bool) -> list[Region]:
        place = self.table.find("nvs")
        limit = identities.LIMITS["credential"]
        if len(record) > limit:
            raise BatchError(
                f"the identity record is {len(record)} bytes; the limit in NVS is {limit}: burn "
                "fewer roots (product.ca), or use the layout factory"
            )
        records = {"cert": record}
        if content and not fresh:
            if content.nvs.get("cert") == record:
                return []  # NVS also holds values of Wi-Fi and of the application.
            records |= {key: blob for key, blob in content.nvs.items() if key == "cred"}
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
        f"the {what} in the image differs from the data it was built from",
        advice="Stop the line and report a bug in alink-burn.",
        is_final=True,
    )
