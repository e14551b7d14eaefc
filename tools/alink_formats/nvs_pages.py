"""The pages of an NVS partition (ESP-IDF, format version 2): a log of entries of 32 bytes.

    page   4096 bytes: header 32, table 32 (two bits an entry), 126 entries of 32
    header state u32 | sequence u32 | version u8 | 0xFF x 19 | CRC-32 of bytes 4..27

`nvs_entry.py` has the entries, `nvs.py` knows what they mean together. A partition is read from
its flash each time and never held in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from alink_formats.flash import SECTOR, Flash
from alink_formats.nvs_entry import SIZE, Entry, crc, error

_ENTRIES = 126
_TABLE = 32  # Offset of the table in a page.
_FIRST = 64  # Offset of the first entry in a page.
_BLANK = b"\xff\xff\xff\xff"
_ACTIVE = b"\xfe\xff\xff\xff"
_FULL = b"\xfc\xff\xff\xff"
_FREEING = b"\xf8\xff\xff\xff"
_VERSION = 0xFE

# The two bits of an entry in the table.
_EMPTY = 3
_WRITTEN = 2
_ERASED = 0
_BROKEN = 1  # Neither: power failed while they were written.


class Pages:
    """The pages of the partition at `base`, `size` bytes long; opening repairs half-done writes.

    Raises OSError -0x110D (no free page) or -0x1110 (newer version).
    """

    def __init__(self, flash: Flash, base: int, size: int) -> None:
        self._flash = flash
        self._base = base
        self._used: list[int] = []  # Pages in the order of their sequence numbers.
        self._free: list[int] = []
        self._sequence = -1  # Of the last used page.
        self._load(size // SECTOR)

    def _all(self) -> Iterator[Entry]:
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
                    span = entry.whole_span(_ENTRIES)
                    if span:
                        yield entry
                index += span or 1

    def _value(self, entry: Entry) -> bytes:
        # The bytes behind the entry of a string or of a chunk.
        data = self._flash.read(self._entry_at(entry.page, entry.index + 1), entry.size)
        if crc(data) != entry.value_crc:
            raise error(2, "NOT_FOUND")
        return data

    def _room(self) -> int:
        # How many bytes of a chunk fit into the last page.
        if self._state(self._used[-1]) == _FULL:
            return 0
        return max(0, _ENTRIES - 1 - self._next()) * SIZE

    def _fits(self, kind: int, span: int) -> bool:  # noqa: ARG002  the generator's rules ask
        return self._next() + span <= _ENTRIES and self._state(self._used[-1]) != _FULL

    def _append(self, data: bytes) -> None:
        page = self._used[-1]
        if self._state(page) == _BLANK:
            header = struct.pack("<IB", self._sequence, _VERSION) + b"\xff" * 19
            header = _ACTIVE + header + struct.pack("<I", crc(header))
            self._flash.write(self._page_at(page), header)
        index = self._next()
        self._flash.write(self._entry_at(page, index), data)
        self._mark(page, index, len(data) // SIZE, _WRITTEN)

    def _drop_entry(self, entry: Entry) -> None:
        self._mark(entry.page, entry.index, entry.span, _ERASED)

    def _turn(self) -> None:
        # Begins a page. The last free page only takes what another page still holds.
        page = self._used[-1]
        if self._state(page) == _ACTIVE:
            self._flash.write(self._page_at(page), _FULL)
        if len(self._free) > 1:
            self._begin()
            return
        held = {page: self._count_written(page) for page in self._used}
        victim = min(self._used, key=held.__getitem__)
        if held[victim] == _ENTRIES or not self._free:
            raise error(5, "NOT_ENOUGH_SPACE")
        self._flash.write(self._page_at(victim), _FREEING)
        self._begin()
        self._move(victim)

    def _count_written(self, page: int) -> int:
        return sum(self._bits(page, index) == _WRITTEN for index in range(_ENTRIES))

    def _page_at(self, page: int) -> int:
        return self._base + page * SECTOR

    def _entry_at(self, page: int, index: int) -> int:
        return self._page_at(page) + _FIRST + index * SIZE

    def _entry(self, page: int, index: int) -> Entry:
        return Entry(page, index, self._flash.read(self._entry_at(page, index), SIZE))

    def _state(self, page: int) -> bytes:
        return self._flash.read(self._page_at(page), 4)

    def _bits(self, page: int, index: int) -> int:
        byte = self._flash.read(self._page_at(page) + _TABLE + (index >> 2), 1)[0]
        return byte >> (index & 3) * 2 & 3

    def _next(self) -> int:
        # The first entry of the last page that was never written.
        for index in range(_ENTRIES):
            if self._bits(self._used[-1], index) == _EMPTY:
                return index
        return _ENTRIES

    def _mark(self, page: int, index: int, count: int, bits: int) -> None:
        # One operation for each word of the table, the last word first, as ESP-IDF does it.
        at = self._page_at(page) + _TABLE
        last = index + count - 1
        for word in range(last >> 4, (index >> 4) - 1, -1):
            value = int.from_bytes(self._flash.read(at + word * 4, 4), "little")
            for entry in range(max(index, word * 16), min(last, word * 16 + 15) + 1):
                shift = (entry & 15) * 2
                value = value & ~(3 << shift) | bits << shift
            self._flash.write(at + word * 4, value.to_bytes(4, "little"))

    def _begin(self) -> None:
        page = self._free.pop(0)
        at = self._page_at(page)
        if self._flash.read(at, SECTOR) != b"\xff" * SECTOR:
            self._flash.erase(at)
        self._used.append(page)
        self._sequence += 1

    def _move(self, victim: int) -> None:
        for entry in self._all():
            if entry.page == victim:
                for step in range(entry.span):
                    self._append(self._entry(victim, entry.index + step).raw)
        self._release(victim)

    def _release(self, page: int) -> None:
        self._flash.erase(self._page_at(page))
        self._used.remove(page)
        self._free.append(page)

    def _load(self, pages: int) -> None:
        found = []
        for page in range(pages):
            header = self._flash.read(self._page_at(page), 32)
            state, version = header[:4], header[8]
            sequence, checksum = struct.unpack_from("<I20xI", header, 4)
            is_whole = state != _BLANK and crc(header[4:28]) == checksum
            if is_whole and version < _VERSION:
                raise error(16, "NEW_VERSION_FOUND")
            if is_whole and state in (_ACTIVE, _FULL, _FREEING):
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
        # Erases entries that were begun and not finished.
        if self._state(page) == _ACTIVE:
            for index in range(_ENTRIES):
                if self._bits(page, index) == _EMPTY:
                    if self._entry(page, index).raw[:4] == _BLANK:
                        break
                    self._mark(page, index, 1, _ERASED)
        index = 0
        while index < _ENTRIES:
            span = 1
            if self._bits(page, index) in (_WRITTEN, _BROKEN):
                span = self._entry(page, index).whole_span(_ENTRIES)
                if not span or not self._is_written(page, index, span):
                    self._mark(page, index, span or 1, _ERASED)
            index += span or 1

    def _is_written(self, page: int, index: int, span: int) -> bool:
        return all(self._bits(page, index + step) == _WRITTEN for step in range(span))

    def _repair_twins(self) -> None:
        # The last entry may replace one that power did not let the board erase.
        entries = list(self._all())
        if not entries:
            return
        *earlier, last = entries
        name = (last.namespace, last.chunk, last.key)
        for entry in earlier:
            is_twin = (entry.namespace, entry.chunk, entry.key) == name
            if is_twin and self._state(entry.page) != _FREEING:
                self._drop_entry(entry)

    def _repair_freeing(self) -> None:
        # Begins a move again that was interrupted.
        page = next((page for page in self._used if self._state(page) == _FREEING), None)
        if page is None:
            return
        newest = self._used[-1]
        if self._state(newest) == _ACTIVE:
            self._release(newest)
        self._begin()
        self._move(page)
