"""Espressif's image format of boot loaders and applications: bytes in, chip and size out.

Header 24 bytes (0xE9, number of segments, SPI mode, flash size << 4 | frequency, entry point, …,
chip id u16 at 12, …, digest flag at 23), segments (address u32, length u32, data), padding up to a
checksum on the last byte of 16, then the SHA-256 of all bytes before it if the flag is set.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from alink_formats.chips import CHIPS

MAGIC = 0xE9
CHIP_IDS = {name: chip.image_id for name, chip in CHIPS.items()}

_HEADER = 24
# ESP-IDF's description of an application is at the start of the first segment.
_DESCRIPTION, _DESCRIBED, _DESCRIBES = 32, 80, 0xABCD5432
_SIZES = {1 << 20: 0, 2 << 20: 1, 4 << 20: 2, 8 << 20: 3, 16 << 20: 4, 32 << 20: 5}


class AppImageError(ValueError):
    """The bytes are not an image, or the image is damaged."""


@dataclass(frozen=True)
class AppImage:
    """An image: its bytes, and the chip it is for (a CHIP_IDS value)."""

    data: bytes
    chip_id: int

    @property
    def flash_size(self) -> int:
        """The flash size in the header, in bytes; 0 for an unknown code."""
        code = self.data[3] >> 4
        return next((size for size, number in _SIZES.items() if number == code), 0)

    @property
    def version(self) -> str:
        """The version in ESP-IDF's description of an application, "" without one."""
        magic, version = struct.unpack_from("<I12x32s", self.data.ljust(_DESCRIBED), _DESCRIPTION)
        return version.rstrip(b"\0").decode("ascii", "replace") if magic == _DESCRIBES else ""

    def with_flash_size(self, size: int) -> AppImage:
        """Return the image with `size` bytes of flash in its header. Raises AppImageError."""
        if size not in _SIZES:
            raise AppImageError(f"{size} bytes is not a flash size that an image header can hold")
        header = self.data[3] & 0x0F | _SIZES[size] << 4
        data = self.data[:3] + bytes((header,)) + self.data[4:]
        if data[23]:
            data = data[:-32] + hashlib.sha256(data[:-32]).digest()
        return AppImage(data, self.chip_id)


def chip_of(data: bytes) -> str:
    """Return the chip in the header at the start of `data`, "" if it has no known one."""
    if len(data) < _HEADER or data[0] != MAGIC:
        return ""
    number = int.from_bytes(data[12:14], "little")
    return next((chip for chip, known in CHIP_IDS.items() if known == number), "")


def read(data: bytes) -> AppImage:
    """Return the image at the start of `data`. Raises AppImageError with the reason."""
    if len(data) < _HEADER or data[0] != MAGIC:
        raise AppImageError("this is not an image: its first byte is not 0xE9")
    at, checksum = _HEADER, 0xEF
    for _ in range(data[1]):
        if at + 8 > len(data):
            raise AppImageError("the image is cut short")
        _, size = struct.unpack_from("<II", data, at)
        at += 8
        if at + size > len(data):
            raise AppImageError("the image is cut short")
        checksum ^= _xor(data[at : at + size])
        at += size
    end = (at + 16) & ~15
    if end + (32 if data[23] else 0) > len(data):
        raise AppImageError("the image is cut short")
    if data[end - 1] != checksum:
        raise AppImageError("the image does not match its checksum")
    if data[23]:
        if data[end : end + 32] != hashlib.sha256(data[:end]).digest():
            raise AppImageError("the image does not match its SHA-256")
        end += 32
    return AppImage(data[:end], int.from_bytes(data[12:14], "little"))


def _xor(data: bytes) -> int:
    # XOR of all bytes. Folding halves as one number is much faster than byte by byte.
    size = 1 << max(0, len(data) - 1).bit_length()
    value = int.from_bytes(data, "little")
    while size > 1:
        size >>= 1
        value = value >> 8 * size ^ value & (1 << 8 * size) - 1
    return value
