"""NVS partitions as whole images, on the host: keys and values in, an image out, and back.

`build` lays them out as Espressif's nvs_partition_gen does, byte for byte; `dump` reads what
either it or a board wrote.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from alink_formats import nvs
from alink_formats.flash import SECTOR, MemoryFlash
from alink_formats.nvs_entry import Entry

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
class KeyValue:
    """One key of a namespace; `type` is u8 … i64, string or blob, as in Espressif's CSV."""

    namespace: str
    key: str
    type: str
    value: int | str | bytes


def build(pairs: Iterable[KeyValue], *, size: int) -> bytes:
    """Return the image of a partition of `size` bytes, its last page kept free.

    Raises OSError -0x1105 when they do not fit, -0x1109 for a name above 15 bytes.
    """
    flash = MemoryFlash(size)
    store = _GeneratorNvs(flash, 0, size)
    for pair in pairs:
        namespace = store.open(pair.namespace)
        if isinstance(pair.value, str):
            store.put(namespace, nvs.STRING, pair.key, pair.value.encode() + b"\0")
        elif isinstance(pair.value, bytes):
            store.put(namespace, nvs.BLOB, pair.key, pair.value)
        else:
            number, code = _NUMBERS[pair.type]
            store.put(namespace, number, pair.key, struct.pack(code, pair.value))
    return bytes(flash.data)


def dump(image: bytes) -> list[KeyValue]:
    """Return the keys and values of an image in the order they were written.

    The image is repaired in memory first, as a board does it at boot, so that a value cut short
    by a power cut is not in the list. Raises OSError -0x110D or -0x1110 where a board erases it.
    """
    return _HostNvs(MemoryFlash(len(image), image), 0, len(image)).pairs()


class _HostNvs(nvs.Nvs):
    """The partition with a view of all of it."""

    def pairs(self) -> list[KeyValue]:
        """Return every complete pair."""
        names = {entry.data[0]: _text(entry) for entry in self._all() if entry.namespace == 0}
        found = []
        for entry in self._all():
            namespace, key = names.get(entry.namespace), _text(entry)
            if entry.namespace == 0 or namespace is None:
                continue
            if entry.type == nvs.BLOB_INDEX:
                value: int | str | bytes = self.blob(entry.namespace, key)
                found.append(KeyValue(namespace, key, "blob", value))
            elif entry.type == nvs.STRING:
                value = self._value(entry)[:-1].decode()
                found.append(KeyValue(namespace, key, "string", value))
            elif entry.type in _BY_TYPE:
                kind, code = _BY_TYPE[entry.type]
                value = struct.unpack_from(code, entry.data)[0]
                found.append(KeyValue(namespace, key, kind, value))
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


def _text(entry: Entry) -> str:
    return entry.key.rstrip(b"\0").decode()
