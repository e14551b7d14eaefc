"""One entry of an NVS page (ESP-IDF, format version 2), 32 bytes.

    namespace u8 | type u8 | span u8 | chunk u8 | CRC-32 | key 16 | data 8

`span` counts the entries that a value takes: a string or a chunk of a blob lies in the entries
behind its first one, whose data are then size u16, 0xFFFF and the CRC-32 of the value.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass

SIZE = 32
U8 = 0x01
I32 = 0x14
STRING = 0x21
BLOB = 0x41  # Format version 1; here the type that callers give for a blob.
BLOB_DATA = 0x42  # One chunk of a blob.
BLOB_INDEX = 0x48  # Makes the chunks of a blob count.
ANY = 0xFF  # Any type; also the chunk number of an entry that is not a chunk.

_LONG = (STRING, BLOB, BLOB_DATA)  # Types whose value lies behind the entry.


def error(number: int, name: str) -> OSError:
    """Return the OSError that MicroPython makes of an ESP-IDF error."""
    return OSError(-0x1100 - number, "ESP_ERR_NVS_" + name)


def crc(data: bytes) -> int:
    """Return ESP-IDF's CRC-32 of `data`."""
    return binascii.crc32(data, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Entry:
    """The bytes of an entry, and where it lies: its page, and its index in the page."""

    page: int
    index: int
    raw: bytes

    @property
    def namespace(self) -> int:
        """The number of its namespace; 0 for an entry that names a namespace."""
        return self.raw[0]

    @property
    def type(self) -> int:
        """One of the types above, or of another number."""
        return self.raw[1]

    @property
    def span(self) -> int:
        """How many entries it takes with its value, as it says itself."""
        return self.raw[2]

    @property
    def chunk(self) -> int:
        """The number of a chunk, else ANY."""
        return self.raw[3]

    @property
    def key(self) -> bytes:
        """The 16 bytes of the key, padded with zero bytes."""
        return self.raw[8:24]

    @property
    def data(self) -> bytes:
        """The 8 data bytes: a number, or what describes a value that lies behind."""
        return self.raw[24:]

    @property
    def size(self) -> int:
        """Bytes of a string or of a chunk."""
        return int.from_bytes(self.raw[24:26], "little")

    @property
    def value_crc(self) -> int:
        """CRC-32 of a string or of a chunk."""
        return int.from_bytes(self.raw[28:32], "little")

    @property
    def blob_size(self) -> int:
        """Of an index: bytes of the whole blob."""
        return int.from_bytes(self.raw[24:28], "little")

    @property
    def chunk_count(self) -> int:
        """Of an index: how many chunks the blob has."""
        return self.raw[28]

    @property
    def first_chunk(self) -> int:
        """Of an index: the number of the first chunk."""
        return self.raw[29]

    def whole_span(self, entries: int) -> int:
        """Return the span if the entry is sound and fits a page of `entries`, else 0."""
        if crc(self.raw[:4] + self.raw[8:]) != int.from_bytes(self.raw[4:8], "little"):
            return 0
        expected = 1 + (self.size + SIZE - 1) // SIZE if self.type in _LONG else 1
        return self.span if self.span == expected and self.index + expected <= entries else 0


def pack(namespace: int, kind: int, span: int, chunk: int, key: bytes, data: bytes) -> bytes:
    """Return the 32 bytes of an entry; `key` has 16 bytes, `data` up to 8."""
    head = bytes((namespace, kind, span, chunk))
    tail = key + data.ljust(8, b"\xff")
    return head + struct.pack("<I", crc(head + tail)) + tail
