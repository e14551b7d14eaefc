"""The registers that a loader reads and writes, with the SPI controller of the flash."""

from __future__ import annotations

from alink_sim.board.chips import Chip
from alink_sim.board.efuses import Efuses

_READ_ID = 0x9F
_USER_COMMAND = 1 << 18


class Registers:
    """The address space of one chip; an address that was never written reads 0.

    `flash_id` is the JEDEC id: manufacturer in the low byte, log2 of the size in the high byte.
    `efuses` are the chip's own, if they can be burned.
    """

    def __init__(
        self, chip: Chip, *, mac: bytes, flash_id: int, efuses: Efuses | None = None
    ) -> None:
        self._efuses = efuses
        self._chip = chip
        self._words = chip.registers(mac)
        self._flash_id = flash_id

    def read(self, address: int) -> int:
        """Return the word at an address."""
        word = self._words.get(address, 0)
        if self._efuses and self._efuses.has(address):
            word |= self._efuses.read(address)
        return word

    def write(self, address: int, value: int, mask: int) -> None:
        """Change the bits of `mask`; the start bit of the SPI controller runs a command."""
        word = self.read(address) & ~mask | value & mask
        if self._efuses and self._efuses.has(address):
            self._efuses.write(address, word)
            return
        self._words[address] = word
        if address == self._chip.spi and value & _USER_COMMAND:
            self._words[address] = 0  # The command ends before the host can read the bit.
            command = self.read(self._chip.spi + self._chip.spi_usr2) & 0xFF
            result = self._flash_id if command == _READ_ID else 0
            self._words[self._chip.spi + self._chip.spi_w0] = result


def flash_id_of(size: int) -> int:
    """Return the JEDEC id of a flash chip of `size` bytes, a power of two."""
    return (size.bit_length() - 1) << 16 | 0x40 << 8 | 0x20
