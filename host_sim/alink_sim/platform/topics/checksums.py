"""Checksums of files over MQTT: of a block and of a whole file."""

from __future__ import annotations

_CRC16 = 0xA001
_CRC64 = 0xC96C5795D7870F42
_ALL64 = (1 << 64) - 1


def _table(polynomial: int) -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return table


_TABLE16, _TABLE64 = _table(_CRC16), _table(_CRC64)


def crc16(data: bytes) -> int:
    """Return the CRC-16/ARC of data: polynomial 0x8005 reflected, from 0."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _TABLE16[(crc ^ byte) & 0xFF]
    return crc


def crc64(data: bytes, before: int = 0) -> int:
    """Return the CRC-64/XZ of data, as OSS computes it: ECMA-182 reflected, inverted.

    `before` is the CRC of the data that comes before it.
    """
    crc = ~before & _ALL64
    for byte in data:
        crc = crc >> 8 ^ _TABLE64[(crc ^ byte) & 0xFF]
    return crc ^ _ALL64
