"""ESP-IDF partition tables: CSV or the bytes at 0x8000 in, checked entries out, and back.

The binary form is 32 bytes an entry, then an MD5 of them as ESP-IDF's tool writes it, padded with
0xFF to 0xC00 bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

OFFSET = 0x8000  # Of the table in flash.
SIZE = 0xC00
TYPES = {"app": 0x00, "data": 0x01}
READONLY = 2
ENCRYPTED = 1

_SECTOR = 0x1000
_APP_STEP = 0x10000
_FIRST = OFFSET + _SECTOR
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaaP"
_MD5 = b"\xeb\xeb" + b"\xff" * 14
_FAT = 0x81  # The subtype of a vfs, LittleFS or not.
_VFS_NAMES = frozenset({"vfs", "ffat"})
_FLAGS = {"encrypted": ENCRYPTED, "readonly": READONLY}
_SUBTYPES = {
    TYPES["app"]: {"factory": 0x00, "test": 0x20} | {f"ota_{n}": 0x10 + n for n in range(16)},
    TYPES["data"]: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
    },
}


class PartitionError(ValueError):
    """A board could not use the table; the text names the text line and a correction."""


@dataclass(frozen=True)
class Partition:
    """One range of flash; `type` and `subtype` are the numbers of ESP-IDF, flags a bit mask."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        """The offset of the first byte behind it."""
        return self.offset + self.size


@dataclass(frozen=True)
class PartitionTable:
    """Partitions in the order of the table."""

    partitions: tuple[Partition, ...]

    @classmethod
    def from_csv(cls, text: str, *, flash_size: int = 0x400000) -> PartitionTable:
        """Read ESP-IDF's CSV: name, type, subtype, offset, size, flags. Raises PartitionError.

        As in ESP-IDF, a blank offset is the next free one, a negative size ends there, a blank
        subtype of data is `undefined`, and words and numbers may be in upper case.
        """
        read: list[tuple[str, Partition]] = []
        for number, line in enumerate(text.splitlines(), 1):
            content = line.split("#", 1)[0].strip()
            if content:
                where = f"line {number}"
                end = read[-1][1].end if read else _FIRST
                read.append((where, _from_line(content, where, end)))
        return cls(_checked(read, flash_size))

    @classmethod
    def from_binary(cls, data: bytes, *, flash_size: int = 0x400000) -> PartitionTable:
        """Read the bytes at 0x8000; if they have an MD5, it must match. Raises PartitionError."""
        read: list[tuple[str, Partition]] = []
        for at in range(0, len(data) - 31, 32):
            entry = data[at : at + 32]
            if entry[:16] == _MD5:
                if entry[16:] != hashlib.md5(data[:at]).digest():
                    raise PartitionError("the table does not match its MD5: write it again")
                break
            if entry == b"\xff" * 32:
                break
            if entry[:2] != _MAGIC:
                raise PartitionError(
                    f"this is not a partition table: entry {len(read) + 1} begins with "
                    f"{entry[:2].hex()}, not aa50"
                )
            _, kind, subtype, offset, size, name, flags = _ENTRY.unpack(entry)
            label = name.split(b"\0")[0].decode("ascii", "replace")
            where = f"entry {len(read) + 1}"
            read.append((where, Partition(label, kind, subtype, offset, size, flags)))
        if not read:
            raise PartitionError("the partition table is missing: the flash is blank")
        return cls(_checked(read, flash_size))

    def to_binary(self) -> bytes:
        """Return the 0xC00 bytes at 0x8000."""
        entries = b"".join(
            _ENTRY.pack(_MAGIC, p.type, p.subtype, p.offset, p.size, p.name.encode(), p.flags)
            for p in self.partitions
        )
        table = entries + _MD5 + hashlib.md5(entries).digest()
        return table + b"\xff" * (SIZE - len(table))

    def with_vfs(self, flash_size: int) -> PartitionTable:
        """Return the table as MicroPython >= 1.26 sees it at boot.

        A table without `vfs` and `ffat` gets a `vfs` behind its last partition, to the end of the
        flash.
        """
        end = max(entry.end for entry in self.partitions)
        if end >= flash_size or any(entry.name in _VFS_NAMES for entry in self.partitions):
            return self
        vfs = Partition("vfs", TYPES["data"], _FAT, end, flash_size - end)
        return PartitionTable((*self.partitions, vfs))

    def grown(self, flash_size: int) -> PartitionTable:
        """Return the table for `flash_size` bytes: a vfs that is last extends to the end."""
        entries = self.with_vfs(flash_size).partitions
        *first, last = sorted(entries, key=lambda entry: entry.end)
        if last.name not in _VFS_NAMES:
            return PartitionTable(entries)
        return PartitionTable((*first, replace(last, size=flash_size - last.offset)))

    def with_writable(self, name: str) -> PartitionTable:
        """Return the table without the flags of a partition: its board may erase it."""
        entries = (replace(one, flags=0) if one.name == name else one for one in self.partitions)
        return PartitionTable(tuple(entries))

    @property
    def slots(self) -> tuple[Partition, ...]:
        """The application partitions; a board without a stored choice starts the first one."""
        return tuple(entry for entry in self.partitions if entry.type == TYPES["app"])

    def has(self, name: str) -> bool:
        """Return whether the table has a partition of that name."""
        return any(entry.name == name for entry in self.partitions)

    def find(self, name: str) -> Partition:
        """Return the partition of that name. Raises PartitionError with the known names."""
        for entry in self.partitions:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.partitions)
        raise PartitionError(f"the table has no partition {name!r}; it has {names}")


def _from_line(content: str, where: str, end: int) -> Partition:
    # `end` is that of the partition on the text line before.
    cells = [cell.strip() for cell in content.split(",")]
    if len(cells) < 5 or not cells[4]:
        raise PartitionError(
            f"{where}: {len(cells)} columns; name, type, subtype, offset and size are needed"
        )
    name, kind, subtype, offset, size = cells[:5]
    flags = 0
    for word in filter(None, cells[5].split(":") if len(cells) > 5 else ()):
        if word not in _FLAGS:
            raise PartitionError(f"{where}: flag {word!r}; use {' or '.join(_FLAGS)}")
        flags |= _FLAGS[word]
    number = _number(kind, TYPES, f"{where}: type")
    words = _SUBTYPES.get(number, {})
    if not subtype and number != TYPES["app"]:
        subtype = "undefined"
        words = _SUBTYPES[TYPES["data"]]
    step = _APP_STEP if number == TYPES["app"] else _SECTOR
    begin = _number(offset, {}, f"{where}: offset") if offset else -(-end // step) * step
    length = _number(size, {}, f"{where}: size")
    return Partition(
        name,
        number,
        _number(subtype, words, f"{where}: subtype"),
        begin,
        length if length >= 0 else -length - begin,
        flags,
    )


def _number(text: str, words: dict[str, int], where: str) -> int:
    word = text.lower()
    if word in words:
        return words[word]
    unit = {"k": 1024, "m": 1024 * 1024}.get(word[-1:], 1)
    try:
        return int(word[:-1] if unit > 1 else word, 0) * unit
    except ValueError:
        known = f", or one of {', '.join(words)}" if words else ""
        message = f"{where} {text!r} is not a number; write 0x1000, 4096 or 4K{known}"
        raise PartitionError(message) from None


def _checked(read: Sequence[tuple[str, Partition]], flash_size: int) -> tuple[Partition, ...]:
    if len(read) > SIZE // 32 - 1:
        raise PartitionError(f"{len(read)} partitions; the limit of a table is {SIZE // 32 - 1}")
    entries = [entry for _, entry in read]
    for number, (where, entry) in enumerate(read):
        _check(f"{where} ({entry.name})", entry, flash_size)
        _check_against(f"{where} ({entry.name})", entry, entries[:number])
    return tuple(entries)


def _check(where: str, entry: Partition, flash_size: int) -> None:
    if not 1 <= len(entry.name.encode()) <= 15:
        raise PartitionError(
            f"{where}: the name is {len(entry.name)} bytes; allowed range is 1 to 15"
        )
    step = _APP_STEP if entry.type == TYPES["app"] else _SECTOR
    if entry.offset % step:
        below = entry.offset // step * step
        raise PartitionError(
            f"{where}: offset {entry.offset:#x} is not a multiple of {step:#x}; "
            f"{below:#x} or {below + step:#x} would be"
        )
    if entry.offset < _FIRST:
        raise PartitionError(
            f"{where}: offset {entry.offset:#x} is in the boot loader or the table; "
            f"{max(_FIRST, step):#x} is the first free one"
        )
    # ESP-IDF takes a data partition of any size; an application is written by the sector.
    if entry.size <= 0 or (entry.type == TYPES["app"] and entry.size % _SECTOR):
        above = max(1, -(-entry.size // _SECTOR)) * _SECTOR
        raise PartitionError(
            f"{where}: size {entry.size:#x} is not a multiple of 0x1000; {above:#x} would be"
        )
    if entry.end > flash_size:
        raise PartitionError(
            f"{where}: it ends at {entry.end:#x}, but the flash ends at {flash_size:#x}; "
            f"size {max(0, flash_size - entry.offset):#x} would fit"
        )


def _check_against(where: str, entry: Partition, others: Iterable[Partition]) -> None:
    for other in others:
        if other.name == entry.name:
            raise PartitionError(f"{where}: another partition has this name; rename one")
        if entry.offset < other.end and other.offset < entry.end:
            raise PartitionError(
                f"{where}: offset {entry.offset:#x} lies in {other.name}, which ends at "
                f"{other.end:#x}; {other.end:#x} would be free of it"
            )
