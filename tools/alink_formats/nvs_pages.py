"""The pages of an NVS partition (ESP-IDF, format version 2): a log of entries of 32 bytes.

    page   4096 bytes: header 32, table 32 (two bits an entry), 126 entries of 32
    header state u32 | sequence u32 | version u8 | 0xFF x 19 | CRC-32 of bytes 4..27
    entry  namespace u8 | type u8 | span u8 | chunk u8 | CRC-32 | key 16 | data 8

`nvs.py` knows what the entries mean. Both run on CPython and, inside a simulated board, on
MicroPython: hence the plain style. A partition is never held in memory.
"""

import struct
from binascii import crc32

TYPE_CHECKING = False  # A board has no typing module.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from alink_formats.flash import Flash

    Found = tuple[int, int, bytes]  # page, index of the entry in it, the entry's 32 bytes


def const(value: int) -> int:
    """Return `value`: MicroPython's compiler puts it where the name stands."""
    return value


STRING = 0x21
BLOB = 0x41
BLOB_DATA = 0x42

_ENTRIES = const(126)
_BLANK = const(0xFFFFFFFF)
_ACTIVE = b"\xfe\xff\xff\xff"
_FULL = b"\xfc\xff\xff\xff"
_FREEING = b"\xf8\xff\xff\xff"
_VERSION = const(0xFE)

_EMPTY = const(3)  # The two bits of an entry.
_WRITTEN = const(2)
_ERASED = const(0)


def error(number: int, name: str) -> OSError:
    """Return the OSError that MicroPython makes of an ESP-IDF error."""
    return OSError(-0x1100 - number, "ESP_ERR_NVS_" + name)


def crc(data: "bytes | bytearray | memoryview") -> int:
    """Return ESP-IDF's CRC-32 of `data`."""
    return crc32(data, 0xFFFFFFFF) & 0xFFFFFFFF


class Pages:
    """The pages of the partition at `base`, `size` bytes long; opening repairs half-done writes.

    Raises OSError -0x110D (no free page) or -0x1110 (newer version).
    """

    def __init__(self, flash: "Flash", base: int, size: int) -> None:
        self._flash = flash
        self._base = base
        self._used: list[int] = []  # Pages in the order of their sequence numbers.
        self._free: list[int] = []
        self._sequence = -1  # Of the last used page.
        self._load(size // 4096)

    def _all(self) -> "Iterator[Found]":
        # Yields every valid entry, oldest page first.
        for page in list(self._used):
            index = 0
            while index < _ENTRIES:
                bits = self._bits(page, index)
                if bits == _EMPTY:
                    break
                span = 0
                if bits == _WRITTEN:
                    entry = self._entry(page, index)
                    span = _span(entry, index)
                    if span:
                        yield page, index, entry
                index += span or 1

    def _data(self, page: int, index: int, entry: bytes) -> bytes:
        # The bytes behind the entry of a string or of a chunk.
        size = entry[24] | entry[25] << 8
        data = self._flash.read(self._base + page * 4096 + 96 + index * 32, size)
        if crc(data) != struct.unpack_from("<I", entry, 28)[0]:
            raise error(2, "NOT_FOUND")
        return data

    def _room(self) -> int:
        if self._state(self._used[-1]) == _FULL:
            return 0
        return max(0, _ENTRIES - 1 - self._next()) * 32

    def _fits(self, kind: int, span: int) -> bool:  # noqa: ARG002  the generator's rules ask
        return self._next() + span <= _ENTRIES and self._state(self._used[-1]) != _FULL

    def _append(self, data: "bytes | memoryview") -> None:
        page = self._used[-1]
        if self._state(page) == b"\xff\xff\xff\xff":
            header = struct.pack("<IB", self._sequence, _VERSION) + b"\xff" * 19
            header = _ACTIVE + header + struct.pack("<I", crc(header))
            self._flash.write(self._base + page * 4096, header)
        index = self._next()
        self._flash.write(self._base + page * 4096 + 64 + index * 32, data)
        self._mark(page, index, len(data) // 32, _WRITTEN)

    def _drop_at(self, page: int, index: int, entry: bytes) -> None:
        self._mark(page, index, entry[2], _ERASED)

    def _turn(self) -> None:
        # Begins a page; the last free one is only for moving what another page still holds.
        page = self._used[-1]
        if self._state(page) == _ACTIVE:
            self._flash.write(self._base + page * 4096, _FULL)
        if len(self._free) > 1:
            self._begin()
            return
        victim, least = -1, _ENTRIES
        for page in self._used:
            held = sum([self._bits(page, index) == _WRITTEN for index in range(_ENTRIES)])
            if held < least:
                victim, least = page, held
        if victim < 0 or not self._free:
            raise error(5, "NOT_ENOUGH_SPACE")
        self._flash.write(self._base + victim * 4096, _FREEING)
        self._begin()
        self._move(victim)

    def _entry(self, page: int, index: int) -> bytes:
        return self._flash.read(self._base + page * 4096 + 64 + index * 32, 32)

    def _state(self, page: int) -> bytes:
        return self._flash.read(self._base + page * 4096, 4)

    def _bits(self, page: int, index: int) -> int:
        byte: int = self._flash.read(self._base + page * 4096 + 32 + (index >> 2), 1)[0]
        return byte >> (index & 3) * 2 & 3

    def _next(self) -> int:
        # The first entry of the last page that was never written.
        for index in range(_ENTRIES):
            if self._bits(self._used[-1], index) == _EMPTY:
                return index
        return _ENTRIES

    def _mark(self, page: int, index: int, count: int, bits: int) -> None:
        # One operation for each word of the table, the last word first.
        at = self._base + page * 4096 + 32
        last = index + count - 1
        for word in range(last >> 4, (index >> 4) - 1, -1):
            value = struct.unpack("<I", self._flash.read(at + word * 4, 4))[0]
            for entry in range(max(index, word * 16), min(last, word * 16 + 15) + 1):
                shift = (entry & 15) * 2
                value = value & ~(3 << shift) | bits << shift
            self._flash.write(at + word * 4, struct.pack("<I", value))

    def _begin(self) -> None:
        page = self._free.pop(0)
        at = self._base + page * 4096
        for offset in range(0, 4096, 128):
            if self._flash.read(at + offset, 128) != b"\xff" * 128:
                self._flash.erase(at)
                break
        self._used.append(page)
        self._sequence += 1

    def _move(self, victim: int) -> None:
        at = self._base + victim * 4096
        for page, index, entry in self._all():
            if page == victim:
                for step in range(entry[2]):
                    self._append(self._entry(page, index + step))
        self._flash.erase(at)
        self._used.remove(victim)
        self._free.append(victim)

    def _load(self, pages: int) -> None:
        found = []
        for page in range(pages):
            header = self._flash.read(self._base + page * 4096, 32)
            state, sequence, version = struct.unpack_from("<IIB", header, 0)
            good = state != _BLANK and crc(header[4:28]) == struct.unpack_from("<I", header, 28)[0]
            if good and version < _VERSION:
                raise error(16, "NEW_VERSION_FOUND")
            if good and header[:4] in (_ACTIVE, _FULL, _FREEING):
                found.append((sequence, page))
            else:
                self._free.append(page)
        found.sort()
        self._used = [page for _, page in found]
        if not found:
            self._begin()
            return
        self._sequence = found[-1][0]
        for page in self._used:
            self._repair(page)
        self._repair_twins()
        self._repair_freeing()
        if not self._free:
            raise error(13, "NO_FREE_PAGES")

    def _repair(self, page: int) -> None:
        # Entries that were begun and not finished.
        if self._state(page) == _ACTIVE:
            for index in range(_ENTRIES):
                if self._bits(page, index) == _EMPTY:
                    if self._entry(page, index)[:4] == b"\xff\xff\xff\xff":
                        break
                    self._mark(page, index, 1, _ERASED)
        index = 0
        while index < _ENTRIES:
            span = 1
            if self._bits(page, index) in (_WRITTEN, 1):
                entry = self._entry(page, index)
                span = _span(entry, index)
                whole = span and self._bits(page, index) == _WRITTEN
                for step in range(1, span):
                    whole = whole and self._bits(page, index + step) == _WRITTEN
                if not whole:
                    self._mark(page, index, span or 1, _ERASED)
            index += span or 1

    def _repair_twins(self) -> None:
        # The last entry may have been written to replace one that was not erased any more.
        last = None
        for found in self._all():
            last = found
        if last is None:
            return
        for page, index, entry in self._all():
            if index == last[1] and page == last[0]:
                break
            same = entry[0] == last[2][0] and entry[3] == last[2][3]
            if same and entry[8:24] == last[2][8:24] and self._state(page) != _FREEING:
                self._mark(page, index, entry[2], _ERASED)

    def _repair_freeing(self) -> None:
        # A move that was interrupted begins anew.
        for page in self._used:
            if self._state(page) == _FREEING:
                newest = self._used[-1]
                if self._state(newest) == _ACTIVE:
                    self._flash.erase(self._base + newest * 4096)
                    self._used.remove(newest)
                    self._free.append(newest)
                self._begin()
                self._move(page)
                break


def _span(entry: bytes, index: int) -> int:
    # How many entries the one at `index` takes with what is behind it; 0 if it is damaged.
    kind, span = entry[1], entry[2]
    if crc(entry[:4] + entry[8:]) != struct.unpack_from("<I", entry, 4)[0]:
        return 0
    if kind in (STRING, BLOB, BLOB_DATA):
        good = span == 1 + ((entry[24] | entry[25] << 8) + 31) // 32 and index + span <= _ENTRIES
    else:
        good = span == 1
    return span if good else 0
