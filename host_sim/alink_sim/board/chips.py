"""What the ROM of each chip answers: its name in esptool's words in, registers out.

Addresses are those of the technical reference manuals: eFuse controller, SPI1, UART0.
"""

from __future__ import annotations

from dataclasses import dataclass

_MAGIC = 0x40001000  # A word of ROM code that differs from chip to chip.


@dataclass(frozen=True)
class Chip:
    """A chip as a host sees it through the serial port.

    `chip_id` is what GET_SECURITY_INFO says and image headers carry; the ESP32 has the number
    but not the command (`has_security_info`). `spi` is the base of the controller of the flash,
    followed by the offsets of its registers USR2 and W0.
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
        """Return the registers a fresh chip with this base MAC (6 bytes) has, by address."""
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
        (0x3FF5A010, 160),  # With the next one a crystal of 40 MHz, by the ROM's own measure.
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
