"""ESP-IDF's NVS on a flash: keys and values in, flash operations out.

It does what ESP-IDF's nvs_flash does, operation by operation: the same bytes, the same order, the
same repairs after a power cut, the same errors as negative numbers. A blob is chunks (BLOB_DATA),
one or more a page, and an index that makes them count (BLOB_INDEX).
"""

from __future__ import annotations

import struct

from alink_formats.flash import Flash
from alink_formats.nvs_entry import (
    ANY,
    BLOB,
    BLOB_DATA,
    BLOB_INDEX,
    I32,
    SIZE,
    STRING,
    U8,
    Entry,
    crc,
    error,
    pack,
)
from alink_formats.nvs_pages import Pages

__all__ = ["BLOB", "BLOB_DATA", "BLOB_INDEX", "I32", "STRING", "Nvs", "crc", "error"]

_SECOND = 0x80  # First chunk number of every second version of a blob.


class Nvs(Pages):
    """The NVS partition at `base`, `size` bytes long.

    Opening repairs what a power cut left. Raises OSError -0x110D (no free page) or -0x1110 (newer
    version): then a board erases all of it.
    """

    def __init__(self, flash: Flash, base: int, size: int) -> None:
        super().__init__(flash, base, size)
        self._repair_blobs()

    def open(self, name: str) -> int:
        """Return the number of a namespace, which is created if the partition lacks it."""
        if found := self._find(0, U8, _padded(name)):
            return found.data[0]
        taken = {entry.data[0] for entry in self._all() if entry.namespace == 0}
        number = 1
        while number in taken:
            number += 1
        self.put(0, U8, name, bytes((number,)))
        return number

    def get(self, namespace: int, kind: int, key: str) -> bytes:
        """Return the 8 data bytes of a number, or a string with its zero byte."""
        entry = self._get(namespace, kind, _padded(key))
        return self._value(entry) if kind == STRING else entry.data

    def blob(self, namespace: int, key: str) -> bytes:
        """Return the bytes of a blob."""
        return self._joined(self._get(namespace, BLOB_INDEX, _padded(key)))

    def put(self, namespace: int, kind: int, key: str, data: bytes) -> None:
        """Set a key: the bytes of a number, of a string with its zero byte, or of a blob.

        A value that is there already is not written again. Before the last operation the old
        value is valid, after it the new one.
        """
        name = _padded(key)
        old = self._find(namespace, BLOB_INDEX if kind == BLOB else kind, name)
        first_chunk = 0
        if old is None:
            old = self._find(namespace, ANY, name)
        elif self._holds(old, kind, data):
            return
        elif kind == BLOB:
            first_chunk = old.first_chunk ^ _SECOND
        if kind == BLOB:
            self._put_blob(namespace, name, data, first_chunk)
        else:
            self._put(namespace, kind, ANY, name, data)
        if old:
            self._drop(old)

    def erase(self, namespace: int, key: str) -> None:
        """Erase a key of any type."""
        self._drop(self._get(namespace, ANY, _padded(key)))

    def _find(self, namespace: int, kind: int, name: bytes, chunk: int = ANY) -> Entry | None:
        for entry in self._all():
            is_same = entry.namespace == namespace and entry.chunk == chunk and entry.key == name
            if is_same and kind in (ANY, entry.type):
                return entry
        return None

    def _get(self, namespace: int, kind: int, name: bytes, chunk: int = ANY) -> Entry:
        found = self._find(namespace, kind, name, chunk)
        if found is None:
            raise error(2, "NOT_FOUND")
        return found

    def _holds(self, entry: Entry, kind: int, data: bytes) -> bool:
        # Whether the value of the entry is `data`; a damaged one is not.
        try:
            if kind == BLOB:
                return self._joined(entry) == data
            if kind == STRING:
                return self._value(entry) == data
            return entry.data[: len(data)] == data
        except OSError:
            return False

    def _joined(self, index: Entry) -> bytes:
        # The chunks of a blob.
        numbers = range(index.first_chunk, index.first_chunk + index.chunk_count)
        return b"".join(
            self._value(self._get(index.namespace, BLOB_DATA, index.key, chunk))
            for chunk in numbers
        )

    def _put_blob(self, namespace: int, name: bytes, data: bytes, first_chunk: int) -> None:
        if len(data) > (len(self._used) + len(self._free) - 1) * 4000:
            raise error(14, "VALUE_TOO_LONG")
        done = count = 0
        try:
            while True:
                room = self._room()
                if not count and self._moves_on(room, len(data)):
                    self._turn()
                    if self._room() == room:
                        raise error(5, "NOT_ENOUGH_SPACE")
                    continue
                part = data[done : done + room]
                self._put(namespace, BLOB_DATA, first_chunk + count, name, part)
                count += 1
                done += len(part)
                if done < len(data) or room - len(part) < SIZE:
                    self._turn()
                if done == len(data):
                    break
            index = struct.pack("<IBBH", done, count, first_chunk, 0xFFFF)
            self._put(namespace, BLOB_INDEX, ANY, name, index)
        except OSError:
            self._drop_chunks(namespace, name, first_chunk, count)
            raise

    def _moves_on(self, room: int, size: int) -> bool:
        # Whether a blob leaves the rest of a page, `room` bytes, alone.
        return room < 400 and (room < size or room == 0)

    def _put(self, namespace: int, kind: int, chunk: int, name: bytes, data: bytes) -> None:
        # Appends one entry and, for a string or a chunk, its value.
        is_long = kind in (STRING, BLOB_DATA)
        span = 1 + (len(data) + SIZE - 1) // SIZE if is_long else 1
        if not self._fits(kind, span):
            self._turn()
            if not self._fits(kind, span):
                raise error(5, "NOT_ENOUGH_SPACE")
        inline = struct.pack("<HHI", len(data), 0xFFFF, crc(data)) if is_long else data
        self._append(pack(namespace, kind, span, chunk, name, inline))
        if is_long:
            # Whole entries in one operation, then the rest.
            whole = len(data) & ~(SIZE - 1)
            for part in (data[:whole], data[whole:]):
                if part:
                    self._append(part.ljust(-(-len(part) // SIZE) * SIZE, b"\xff"))

    def _drop(self, entry: Entry) -> None:
        # Looks for it again: it may have moved to another page meanwhile.
        for other in self._all():
            if other.raw == entry.raw:
                self._drop_entry(other)
                break
        if entry.type == BLOB_INDEX:
            self._drop_chunks(entry.namespace, entry.key, entry.first_chunk, entry.chunk_count)

    def _drop_chunks(self, namespace: int, name: bytes, first_chunk: int, count: int) -> None:
        for chunk in range(first_chunk, first_chunk + count):
            if found := self._find(namespace, BLOB_DATA, name, chunk):
                self._drop_entry(found)

    def _repair_blobs(self) -> None:
        # Drops an index whose chunks are not all there, then chunks without an index.
        for index in self._all():
            if index.type == BLOB_INDEX:
                chunks = [entry for entry in self._all() if _belongs(entry, index)]
                size = sum(chunk.size for chunk in chunks)
                if (size, len(chunks)) != (index.blob_size, index.chunk_count):
                    self._drop_entry(index)
        for chunk in self._all():
            if chunk.type == BLOB_DATA and not any(
                entry.type == BLOB_INDEX and _belongs(chunk, entry) for entry in self._all()
            ):
                self._drop_entry(chunk)


def _padded(key: str) -> bytes:
    # The 16 bytes of a key.
    name = key.encode()
    if len(name) > 15:
        raise error(9, "KEY_TOO_LONG")
    return name.ljust(16, b"\0")


def _belongs(chunk: Entry, index: Entry) -> bool:
    # Whether `chunk` is of the version of the blob that `index` describes.
    return (
        chunk.type == BLOB_DATA
        and chunk.namespace == index.namespace
        and chunk.key == index.key
        and chunk.chunk & _SECOND == index.first_chunk
    )
