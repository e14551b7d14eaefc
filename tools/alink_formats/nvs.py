"""ESP-IDF's NVS on a flash: keys and values in, flash operations out.

It does what ESP-IDF's nvs_flash does, operation by operation: the same bytes, the same order, the
same repairs after a power cut, the same errors as negative numbers. A blob is chunks (BLOB_DATA),
one or more a page, and an index that makes them count (BLOB_INDEX).
"""

import struct

from alink_formats.nvs_pages import BLOB, BLOB_DATA, STRING, Pages, crc, error

__all__ = ("BLOB", "BLOB_DATA", "BLOB_INDEX", "I32", "STRING", "U8", "Nvs", "crc", "error")

TYPE_CHECKING = False  # A board has no typing module.
if TYPE_CHECKING:
    from alink_formats.flash import Flash
    from alink_formats.nvs_pages import Found


def const(value: int) -> int:
    """Return `value`: MicroPython's compiler puts it where the name stands."""
    return value


U8 = 0x01
I32 = 0x14
BLOB_INDEX = 0x48

_ANY = const(0xFF)  # Any type; also the chunk number of what is no chunk.
_SECOND = const(0x80)  # First chunk number of every second version of a blob.


class Nvs(Pages):
    """The NVS partition at `base`, `size` bytes long.

    Opening repairs what a power cut left. Raises OSError -0x110D (no free page) or -0x1110 (newer
    version): then a board erases all of it.
    """

    def __init__(self, flash: "Flash", base: int, size: int) -> None:
        super().__init__(flash, base, size)
        self._repair_blobs()

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

    def _copy(self, index: bytes, buffer: bytearray) -> None:
        at = 0
        for chunk in range(index[29], index[29] + index[28]):
            data = self._data(*self._get(index[0], BLOB_DATA, index[8:24], chunk))
            buffer[at : at + len(data)] = data
            at += len(data)

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

    def _drop(self, entry: bytes) -> None:
        # Erases what is like `entry`: it may have moved to another page meanwhile.
        for page, index, other in self._all():
            if other == entry:
                self._drop_at(page, index, entry)
                break
        if entry[1] == BLOB_INDEX:
            self._drop_chunks(entry[0], entry[8:24], entry[29], entry[28])

    def _drop_chunks(self, namespace: int, key: "str | bytes", start: int, count: int) -> None:
        for chunk in range(start, start + count):
            found = self._find(namespace, BLOB_DATA, key, chunk)
            if found:
                self._drop_at(*found)

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
                    self._drop_at(page, index, entry)
        for page, index, entry in self._all():
            if entry[1] == BLOB_DATA:
                for _, _, other in self._all():
                    if other[1] == BLOB_INDEX and _belongs(entry, other):
                        break
                else:
                    self._drop_at(page, index, entry)


def _name(key: "str | bytes") -> bytes:
    # The 16 bytes of a key, which may be those 16 bytes already.
    name = key.encode() if isinstance(key, str) else key
    if len(name) > 15 and name is not key:
        raise error(9, "KEY_TOO_LONG")
    return name + b"\0" * (16 - len(name))


def _belongs(chunk: bytes, index: bytes) -> bool:
    # Whether `chunk` is of the version of the blob that `index` describes.
    return (
        chunk[1] == BLOB_DATA
        and chunk[0] == index[0]
        and chunk[8:24] == index[8:24]
        and chunk[3] & _SECOND == index[29]
    )
