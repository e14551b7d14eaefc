"""NVS partitions as whole images, on the host: records in, an image out, and back.

`build` lays records out as Espressif's nvs_partition_gen does, byte for byte; `dump` reads what
either it or a board wrote.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from alink_formats import nvs
from alink_formats.flash import SECTOR, MemoryFlash

_NUMBERS = {
    "u8": (0x01, "<B"),
    "i8": (0x11, "<b"),
    "u16": (0x02, "<H"),
    "i16": (0x12, "<h"),
    "u32": (0x04, "<I"),
    "i32": (nvs.I32, "<i"),
    "u64": (0x08, "<Q"),
    "i64": (0x18, "<q"),
}
_BY_TYPE = {number: (name, code) for name, (number, code) in _NUMBERS.items()}


@dataclass(frozen=True)
class Record:
    """One key of a namespace; `type` is u8 … i64, string or blob, as in Espressif's CSV."""

    namespace: str
    key: str
    type: str
    value: int | str | bytes


def build(records: Iterable[Record], *, size: int) -> bytes:
    """Return the image of a partition of `size` bytes, its last page kept free.

    Raises OSError -0x1105 when the records do not fit, -0x1109 for a name above 15 bytes.
    """
    flash = MemoryFlash(size)
    store = _GeneratorNvs(flash, 0, size)
    for record in records:
        namespace = store.open(record.namespace)
        if isinstance(record.value, str):
            store.put(namespace, nvs.STRING, record.key, record.value.encode() + b"\0")
        elif isinstance(record.value, bytes):
            store.put(namespace, nvs.BLOB, record.key, record.value)
        else:
            number, code = _NUMBERS[record.type]
            store.put(namespace, number, record.key, struct.pack(code, record.value))
    return bytes(flash.data)


def dump(image: bytes) -> list[Record]:
    """Return the records of an image in the order they were written.

    The image is repaired in memory first, as a board does it at boot, so that a record cut short
    by a power cut is not in the list. Raises OSError -0x110D or -0x1110 where a board erases it.
    """
    return _HostNvs(MemoryFlash(len(image), image), 0, len(image)).records()


class _HostNvs(nvs.Nvs):
    """The partition with a view of all of it."""

    def records(self) -> list[Record]:
        """Return every complete record."""
        names = {entry[24]: _text(entry) for _, _, entry in self._all() if entry[0] == 0}
        found = []
        for place in self._all():
            entry = place[2]
            if entry[0] == 0 or entry[1] == nvs.BLOB_DATA or entry[0] not in names:
                continue
            name, key = names[entry[0]], _text(entry)
            if entry[1] == nvs.BLOB_INDEX:
                found.append(Record(name, key, "blob", bytes(self.blob(entry[0], key))))
            elif entry[1] == nvs.STRING:
                found.append(Record(name, key, "string", self._data(*place)[:-1].decode()))
            elif entry[1] in _BY_TYPE:
                kind, code = _BY_TYPE[entry[1]]
                found.append(Record(name, key, kind, struct.unpack_from(code, entry, 24)[0]))
        return found


class _GeneratorNvs(nvs.Nvs):
    """A new partition, filled by the rules of Espressif's generator where they are its own."""

    def _moves_on(self, room: int, size: int) -> bool:
        # The generator begins a blob on every page with a free entry, however little follows it.
        del room, size
        return self._next() == SECTOR // 32 - 2

    def _fits(self, kind: int, span: int) -> bool:
        # It never lets a string end on the last entry of a page.
        return super()._fits(kind, span + 1 if kind == nvs.STRING else span)


def _text(entry: bytes) -> str:
    return bytes(entry[8:24]).rstrip(b"\0").decode()
