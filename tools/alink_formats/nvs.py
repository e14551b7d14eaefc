"""ESP-IDF's NVS (format version 2) on a flash: keys and values in, flash operations out.

It does what ESP-IDF's nvs_flash does, operation by operation: the same bytes, the same order, the
same repairs after a power cut, the same errors as negative numbers. Runs on CPython and, inside a
simulated board, on MicroPython: hence the plain style. A partition is never held in memory.

    page   4096 bytes: header 32, table 32 (two bits an entry), 126 entries of 32
    header state u32 | sequence u32 | version u8 | 0xFF x 19 | CRC-32 of bytes 4..27
    entry  namespace u8 | type u8 | span u8 | chunk u8 | CRC-32 | key 16 | data 8

A blob is chunks (BLOB_DATA), one or more a page, and an index that makes them count (BLOB_INDEX).
"""

import struct
from binascii import crc32


def const(value: int) -> int:
    """Return `value`: MicroPython's compiler puts it where the name stands."""
    return value


TYPE_CHECKING = False  # A board has no typing module.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from alink_formats.flash import Flash

    Found = tuple[int, int, bytes]  # page, index of the entry in it, the entry's 32 bytes

U8 = 0x01
I32 = 0x14
STRING = 0x21
BLOB = 0x41
BLOB_DATA = 0x42
BLOB_INDEX = 0x48

_ANY = const(0xFF)  # Any type; also the chunk number of what is no chunk.
_ENTRIES = const(126)
_SECOND = const(0x80)  # First chunk number of every second version of a blob.

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


class Nvs:
    """The NVS partition at `base`, `size` bytes long; opening it repairs what a power cut left.

    Raises OSError -0x110D (no free page) or -0x1110 (newer version): then a board erases it all.
    """

    def __init__(self, flash: "Flash", base: int, size: int) -> None:
        self._flash = flash
        self._base = base
        self._used: list[int] = []  # Pages in the order of their sequence numbers.
        self._free: list[int] = []
        self._sequence = -1  # Of the last used page.
        self._load(size // 4096)

    def open(self, name: str) -> int:
        """Return the number of a namespace, which is made if it is not there."""
        found = self._find(0, U8, name)
        if found:
            return found[2][24]
        taken = [entry[24] for _, _, entry in self._all() if entry[0] == 0]
        number = 1
        while number in taken:
            number += 1
        self.put(0, U8, name, bytes((number,)))
        return number

    def get(self, namespace: int, kind: int, key: str) -> bytes:
        """Return the 8 data bytes of a number, or a string with its zero byte."""
        page, index, entry = self._get(namespace, kind, key)
        if kind != STRING:
            return entry[24:]
        return self._data(page, index, entry)

    def blob(self, namespace: int, key: "str | bytes") -> bytearray:
        """Return the bytes of a blob."""
        index = self._get(namespace, BLOB_INDEX, key)[2]
        value = bytearray(index[24] | index[25] << 8 | index[26] << 16)
        self._copy(index, value)
        return value

    def blob_into(self, namespace: int, key: str, buffer: bytearray) -> int:
        """Copy a blob into `buffer`, which may be longer; return its bytes."""
        index = self._get(namespace, BLOB_INDEX, key)[2]
        size = index[24] | index[25] << 8 | index[26] << 16
        if size > len(buffer):
            raise error(12, "INVALID_LENGTH")
        self._copy(index, buffer)
        return size

    def _copy(self, index: bytes, buffer: bytearray) -> None:
        at = 0
        for chunk in range(index[29], index[29] + index[28]):
            data = self._data(*self._get(index[0], BLOB_DATA, index[8:24], chunk))
            buffer[at : at + len(data)] = data
            at += len(data)

    def put(self, namespace: int, kind: int, key: str, data: bytes) -> None:
        """Set a key: the bytes of a number, of a string with its zero byte, or of a blob.

        A value that is there already is not written again. Before the last operation the old
        value is valid, after it the new one.
        """
        old = self._find(namespace, BLOB_INDEX if kind == BLOB else kind, key)
        start = 0
        if old is None:
            old = self._find(namespace, _ANY, key)
        elif self._holds(old, kind, data):
            return
        elif kind == BLOB:
            start = old[2][29] ^ _SECOND
        if kind == BLOB:
            self._put_blob(namespace, key, data, start)
        else:
            self._put(namespace, kind, _ANY, key, data)
        if old:
            self._drop(old[2])

    def erase(self, namespace: int, key: str) -> None:
        """Erase a key of any type."""
        self._drop(self._get(namespace, _ANY, key)[2])

    # Finding entries

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

    def _find(
        self, namespace: int, kind: int, key: "str | bytes", chunk: int = _ANY
    ) -> "Found | None":
        name = _name(key)
        for found in self._all():
            entry = found[2]
            same = entry[0] == namespace and entry[3] == chunk and entry[8:24] == name
            if same and kind in (_ANY, entry[1]):
                return found
        return None

    def _get(self, namespace: int, kind: int, key: "str | bytes", chunk: int = _ANY) -> "Found":
        found = self._find(namespace, kind, key, chunk)
        if found is None:
            raise error(2, "NOT_FOUND")
        return found

    def _holds(self, found: "Found", kind: int, data: bytes) -> bool:
        # Whether the value found is `data`; a damaged one is not.
        entry = found[2]
        try:
            if kind == BLOB:
                return self.blob(entry[0], entry[8:24]) == data
            if kind == STRING:
                return self._data(*found) == data
            return entry[24 : 24 + len(data)] == data
        except OSError:
            return False

    def _data(self, page: int, index: int, entry: bytes) -> bytes:
        # The bytes behind the entry of a string or of a chunk.
        size = entry[24] | entry[25] << 8
        data = self._flash.read(self._base + page * 4096 + 96 + index * 32, size)
        if crc(data) != struct.unpack_from("<I", entry, 28)[0]:
            raise error(2, "NOT_FOUND")
        return data

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

    # Writing entries

    def _put_blob(self, namespace: int, key: str, data: bytes, start: int) -> None:
        if len(data) > (len(self._used) + len(self._free) - 1) * 4000:
            raise error(14, "VALUE_TOO_LONG")
        view = memoryview(data)  # A board has no heap for copies.
        done = count = 0
        try:
            while True:
                room = self._room()
                if not count and self._moves_on(room, len(data)):
                    self._turn()
                    if self._room() == room:
                        raise error(5, "NOT_ENOUGH_SPACE")
                    continue
                part = view[done : done + room]
                self._put(namespace, BLOB_DATA, start + count, key, part)
                count += 1
                done += len(part)
                if done < len(data) or room - len(part) < 32:
                    self._turn()
                if done == len(data):
                    break
            index = struct.pack("<IBBH", done, count, start, 0xFFFF)
            self._put(namespace, BLOB_INDEX, _ANY, key, index)
        except OSError:
            self._drop_chunks(namespace, key, start, count)
            raise

    def _moves_on(self, room: int, size: int) -> bool:
        # Whether a blob leaves the rest of a page, `room` bytes, alone.
        return room < 400 and (room < size or room == 0)

    def _room(self) -> int:
        if self._state(self._used[-1]) == _FULL:
            return 0
        return max(0, _ENTRIES - 1 - self._next()) * 32

    def _fits(self, kind: int, span: int) -> bool:  # noqa: ARG002  the generator's rules ask
        return self._next() + span <= _ENTRIES and self._state(self._used[-1]) != _FULL

    def _put(
        self, namespace: int, kind: int, chunk: int, key: str, data: "bytes | memoryview"
    ) -> None:
        # Appends one entry and, for a string or a chunk, what is behind it.
        long = kind in (STRING, BLOB_DATA)
        span = 1 + (len(data) + 31) // 32 if long else 1
        if not self._fits(kind, span):
            self._turn()
            if not self._fits(kind, span):
                raise error(5, "NOT_ENOUGH_SPACE")
        tail = struct.pack("<HHI", len(data), 0xFFFF, crc(data)) if long else bytes(data)
        tail = bytes((namespace, kind, span, chunk)) + _name(key) + tail
        tail += b"\xff" * (28 - len(tail))
        self._append(tail[:4] + struct.pack("<I", crc(tail)) + tail[4:])
        if long:
            whole = len(data) & ~31
            if whole:
                self._append(data[:whole])
            if whole < len(data):
                self._append(bytes(data[whole:]) + b"\xff" * (32 - len(data) + whole))

    def _append(self, data: "bytes | memoryview") -> None:
        page = self._used[-1]
        if self._state(page) == b"\xff\xff\xff\xff":
            header = struct.pack("<IB", self._sequence, _VERSION) + b"\xff" * 19
            header = _ACTIVE + header + struct.pack("<I", crc(header))
            self._flash.write(self._base + page * 4096, header)
        index = self._next()
        self._flash.write(self._base + page * 4096 + 64 + index * 32, data)
        self._mark(page, index, len(data) // 32, _WRITTEN)

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

    def _drop(self, entry: bytes) -> None:
        # Erases what is like `entry`: it may have moved to another page meanwhile.
        for page, index, other in self._all():
            if other == entry:
                self._mark(page, index, entry[2], _ERASED)
                break
        if entry[1] == BLOB_INDEX:
            self._drop_chunks(entry[0], entry[8:24], entry[29], entry[28])

    def _drop_chunks(self, namespace: int, key: "str | bytes", start: int, count: int) -> None:
        for chunk in range(start, start + count):
            found = self._find(namespace, BLOB_DATA, key, chunk)
            if found:
                self._mark(found[0], found[1], found[2][2], _ERASED)

    # Pages

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

    # Opening

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
        self._repair_blobs()

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

    def _repair_blobs(self) -> None:
        # An index whose chunks are not all there, then chunks that have no index.
        for page, index, entry in self._all():
            if entry[1] == BLOB_INDEX:
                size = count = 0
                for _, _, other in self._all():
                    if _belongs(other, entry):
                        size += other[24] | other[25] << 8
                        count += 1
                if size != struct.unpack_from("<I", entry, 24)[0] or count != entry[28]:
                    self._mark(page, index, 1, _ERASED)
        for page, index, entry in self._all():
            if entry[1] == BLOB_DATA:
                for _, _, other in self._all():
                    if other[1] == BLOB_INDEX and _belongs(entry, other):
                        break
                else:
                    self._mark(page, index, entry[2], _ERASED)


def _name(key: "str | bytes") -> bytes:
    # The 16 bytes of a key, which may be those 16 bytes already.
    name = key.encode() if isinstance(key, str) else key
    if len(name) > 15 and name is not key:
        raise error(9, "KEY_TOO_LONG")
    return name + b"\0" * (16 - len(name))


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


def _belongs(chunk: bytes, index: bytes) -> bool:
    # Whether `chunk` is of the version of the blob that `index` describes.
    return (
        chunk[1] == BLOB_DATA
        and chunk[0] == index[0]
        and chunk[8:24] == index[8:24]
        and chunk[3] & _SECOND == index[29]
    )
