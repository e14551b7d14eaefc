"""SHT30, SHT31, SHT35: temperature and humidity over I2C, address 0x44 or 0x45."""

from __future__ import annotations

_STATUS = 0xF32D
_FETCH = 0xE000
_SINGLE_SHOT = frozenset({0x2400, 0x240B, 0x2416, 0x2C06, 0x2C0D, 0x2C10})
_PERIODIC = frozenset(range(0x2000, 0x2800)) - _SINGLE_SHOT
_STOP = frozenset({0x3093, 0x30A2})  # Break, soft reset.


def _crc(data: bytes) -> int:
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return crc


class Sht3x:
    """The sensor. Set `temperature` in degrees Celsius and `humidity` in percent."""

    def __init__(self, *, temperature: float = 25.0, humidity: float = 50.0) -> None:
        """Begin with these values."""
        self.temperature = temperature
        self.humidity = humidity
        self._periodic = False
        self._reply: bytes | None = None

    def write(self, data: bytes) -> None:
        """Run a command of two bytes."""
        command = int.from_bytes(data[:2], "big")
        if command in _SINGLE_SHOT or (command == _FETCH and self._periodic):
            self._reply = self._measure()
        elif command == _STATUS:
            self._reply = b"\0\0" + bytes((_crc(b"\0\0"),))
        elif command in _PERIODIC:
            self._periodic = True
        elif command in _STOP:
            self._periodic, self._reply = False, None

    def read(self, count: int) -> bytes:
        """Return the result of the last command. Raises OSError ENODEV without a result."""
        if self._reply is None:
            raise OSError(19, "")
        reply, self._reply = self._reply, None
        return reply[:count]

    def _measure(self) -> bytes:
        words = (
            round((self.temperature + 45) / 175 * 0xFFFF),
            round(self.humidity / 100 * 0xFFFF),
        )
        parts = [min(max(word, 0), 0xFFFF).to_bytes(2, "big") for word in words]
        return b"".join(part + bytes((_crc(part),)) for part in parts)
