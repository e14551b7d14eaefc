"""The chips by esptool's names: identification numbers and registers of each ROM.

Addresses are those of the technical reference manuals: eFuse controller, SPI1, UART0.
"""

from __future__ import annotations

from dataclasses import dataclass

_MAGIC = 0x40001000  # This word of ROM code differs on each chip.


@dataclass(frozen=True)
class Chip:
    """A chip as a host sees it through the serial port.

    GET_SECURITY_INFO returns `chip_id`, and image headers contain it; the ESP32 has the number
    but not the command (`has_security_info`). `spi` is the base address of the flash controller;
    `spi_usr2` and `spi_w0` are offsets of its registers.
    """

    name: str
    chip_id: int
    has_security_info: bool
    spi: int
    spi_usr2: int
    spi_w0: int
    fixed: tuple[tuple[int, int], ...]
    mac_low: int
    mac_high: int

    def registers(self, mac: bytes) -> dict[int, int]:
        """Return the registers of a chip after reset, by address; `mac` has 6 bytes."""
        low, high = int.from_bytes(mac[2:], "big"), int.from_bytes(mac[:2], "big")
        return dict(self.fixed) | {self.mac_low: low, self.mac_high: high}


_ESP32 = Chip(
    name="esp32",
    chip_id=0,
    has_security_info=False,
    spi=0x3FF42000,
    spi_usr2=0x24,
    spi_w0=0x80,
    fixed=(
        (_MAGIC, 0x00F01D83),
        (0x3FF5A00C, 1 << 15 | 1 << 9),  # Revision 3, first bit; package D0WDQ5.
        (0x3FF5A010, 160),  # This and the next: the ROM measures a 40 MHz crystal.
        (0x3FF5F06C, 640 << 7),
        (0x3FF5A014, 1 << 20),  # Revision 3, second bit.
        (0x3FF6607C, 1 << 31),  # Revision 3, third bit.
        (0x3FF40014, 40_000_000 // 115_200),
    ),
    mac_low=0x3FF5A004,
    mac_high=0x3FF5A008,
)
_ESP32_S3 = Chip(
    name="esp32s3",
    chip_id=9,
    has_security_info=True,
    spi=0x60002000,
    spi_usr2=0x20,
    spi_w0=0x58,
    fixed=((_MAGIC, 0x00000009), (0x60000014, 40_000_000 // 115_200)),
    mac_low=0x60007044,
    mac_high=0x60007048,
)
_ESP32_C3 = Chip(
    name="esp32c3",
    chip_id=5,
    has_security_info=True,
    spi=0x60002000,
    spi_usr2=0x20,
    spi_w0=0x58,
    fixed=((_MAGIC, 0x1B31506F), (0x60000014, 40_000_000 // 115_200)),
    mac_low=0x60008844,
    mac_high=0x60008848,
)

CHIPS = {chip.name: chip for chip in (_ESP32, _ESP32_S3, _ESP32_C3)}
"""The simulated chips, by esptool's name: esp32, esp32s3, esp32c3."""
