"""Registers a loader reads and writes, with the SPI controller that asks the flash for its id."""

from __future__ import annotations

from alink_sim.board.chips import Chip

_READ_ID = 0x9F
_USER_COMMAND = 1 << 18


class Registers:
    """The address space of one chip; an address never written reads 0.

    `flash_id` is the three bytes of the JEDEC id as esptool prints them backwards: manufacturer
    in the low byte, the exponent of the size in the high one.
    """

    def __init__(self, chip: Chip, *, mac: bytes, flash_id: int) -> None:
        self._chip = chip
        self._words = chip.registers(mac)
        self._flash_id = flash_id

    def read(self, address: int) -> int:
        """Return a word."""
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int) -> None:
        """Change the bits of `mask`; the start bit of the SPI controller does a command."""
        self._words[address] = self.read(address) & ~mask | value & mask
        if address == self._chip.spi and value & _USER_COMMAND:
            self._words[address] = 0  # Done before anybody can look.
            command = self.read(self._chip.spi + self._chip.spi_usr2) & 0xFF
            answer = self._flash_id if command == _READ_ID else 0
            self._words[self._chip.spi + self._chip.spi_w0] = answer


def flash_id_of(size: int) -> int:
    """Return the id of a flash chip of `size` bytes, a power of two."""
    return (size.bit_length() - 1) << 16 | 0x40 << 8 | 0x20
