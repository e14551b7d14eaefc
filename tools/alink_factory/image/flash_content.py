"""The present content of a board's flash: bytes in, identities of any layout out.

Two ranges are read, whatever partition table is on the board: the table with NVS behind it; then
`fctry` and `cred` (docs/explanation/identity.md), the five sectors before the vfs. The second
range includes the first two blocks of the vfs, which name the files of its root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from alink_formats import identity, littlefs, nvs_image, partitions
from alink_formats.board import BoardDefinition
from alink_formats.flash import SECTOR
from alink_formats.identity import Identity, IdentityError, Record
from alink_formats.nvs_generator import NAMESPACE
from alink_formats.partitions import PartitionError, PartitionTable

KEPT_FILES = ("/alink.cert", "/alink.cred")  # Copies that a stock board keeps in its vfs.

_CERTIFICATE = 0x3000
_CREDENTIAL = 0x2000
_ROOT = 2 * SECTOR


@dataclass(frozen=True)
class Range:
    """A range of flash to read."""

    offset: int
    size: int


@dataclass(frozen=True)
class FlashContent:
    """The content of a board; `table` is None if the board has no valid partition table.

    `certificate` is from `fctry`, `credential` the newest valid copy of any location, `nvs` the
    records in NVS by key. `has_files`: the vfs names KEPT_FILES; `kept_files` has their contents
    after the vfs was read. `mac` completes a DeviceName that the certificate leaves to the board.
    """

    table: PartitionTable | None
    certificate: Identity | None
    credential: Identity | None
    nvs: dict[str, bytes]
    has_files: bool = False
    kept_files: dict[str, bytes] = field(default_factory=dict)
    mac: str = ""

    @property
    def burned(self) -> Identity | None:
        """The certificate, from either layout."""
        return self.certificate or _identity(self.nvs.get("cert", b""))

    @property
    def owners(self) -> set[tuple[str, str]]:
        """Every (ProductKey, DeviceName) that the board carries."""
        records = (self.nvs.get("cert", b""), *self.kept_files.values())
        carried = (self.certificate, self.credential, *map(_identity, records))
        return {identity.owner(one, self.mac) for one in carried if one}

    @property
    def burned_owner(self) -> Identity | None:
        """The certificate with the DeviceName that this board has."""
        return identity.named_by_board(self.burned, self.mac) if self.burned else None


def ranges(board: BoardDefinition) -> tuple[Range, Range]:
    """Return the two ranges to read of a board: table and NVS, then `fctry` and `cred`."""
    table = board.table("stock")
    size = _CERTIFICATE + _CREDENTIAL
    vfs = table.find("vfs").offset
    head = Range(partitions.OFFSET, table.find("nvs").end - partitions.OFFSET)
    return head, Range(vfs - size, size + _ROOT)


def decode(
    board: BoardDefinition, head: bytes, identity_range: bytes, *, mac: str
) -> FlashContent:
    """Return the content of the two ranges. A damaged location counts as empty."""
    try:
        table = PartitionTable.from_binary(head[: partitions.SIZE], flash_size=1 << 27)
    except PartitionError:
        table = None
    place = board.table("stock").find("nvs")
    blobs = nvs_blobs(head[place.offset - partitions.OFFSET :][: place.size])
    root = _CERTIFICATE + _CREDENTIAL
    sectors = (identity_range[at : at + SECTOR] for at in range(_CERTIFICATE, root, SECTOR))
    credentials = [
        record
        for data in (*sectors, blobs.get("cred", b""))
        for record in _records(data)
        if record.kind == "credential"
    ]
    newest = max(credentials, key=lambda record: record.generation, default=None)
    return FlashContent(
        table=table,
        certificate=_identity(identity_range[:_CERTIFICATE]),
        credential=newest.identity if newest else None,
        nvs=blobs,
        has_files=any(name[1:].encode() in identity_range[root:] for name in KEPT_FILES),
        mac=mac,
    )


def with_files(content: FlashContent, vfs: bytes) -> FlashContent:
    """Return the content with the files that a stock board keeps in its vfs."""
    try:
        files = littlefs.read(vfs)
    except littlefs.VfsError:
        return content
    return replace(content, kept_files={name: files[name] for name in KEPT_FILES if name in files})


def nvs_blobs(image: bytes) -> dict[str, bytes]:
    """Return the blobs of our namespace in an NVS partition; none if it is damaged."""
    try:
        pairs = nvs_image.dump(image)
    except (OSError, ValueError, LookupError):
        return {}
    return {
        pair.key: pair.value
        for pair in pairs
        if pair.namespace == NAMESPACE and isinstance(pair.value, bytes)
    }


def _identity(data: bytes) -> Identity | None:
    return next((record.identity for record in _records(data)), None)


def _records(data: bytes) -> Iterator[Record]:
    try:
        yield identity.decode(data)
    except IdentityError:
        return
