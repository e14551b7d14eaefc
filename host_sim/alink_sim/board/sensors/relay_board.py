"""A board of eight relays behind a PCF8574, over I2C, address 0x20 to 0x27."""

from __future__ import annotations


class RelayBoard:
    """The relays: a bit that is 0 switches one on, as on the usual boards."""

    def __init__(self) -> None:
        """Begin with all relays off, as after power-on."""
        self._port = 0xFF
        self.writes = 0  # How often the firmware has written the port.

    @property
    def on(self) -> list[int]:
        """Return the numbers of the relays that are on, from 0."""
        return [number for number in range(8) if not self._port >> number & 1]

    def write(self, data: bytes) -> None:
        """Set all eight relays by the last byte."""
        for byte in data:
            self._port = byte
            self.writes += 1

    def read(self, count: int) -> bytes:
        """Return the port, `count` times."""
        return bytes((self._port,)) * count
