"""The chips by esptool's names: identification numbers and registers of each ROM.

Addresses are those of the technical reference manuals: eFuse controller, SPI1, UART0.
"""

from __future__ import annotations

from dataclasses import dataclass

_MAGIC = 0x40001000  # This word of ROM code differs on each chip.


@dataclass(frozen=True)
class Chip:
    """A chip as a host sees it through the serial port.

    Image headers contain `chip_id`. GET_SECURITY_INFO returns `security_info` bytes: 20 with the
    number, 12 without it on the ESP32-S2; the ESP32 does not have the command (0). `spi` is the
    base address of the flash controller; `spi_usr2` and `spi_w0` are offsets of its registers.
    """

    name: str
    chip_id: int
    security_info: int
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
    security_info=0,
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
    security_info=20,
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
    security_info=20,
    spi=0x60002000,
    spi_usr2=0x20,
    spi_w0=0x58,
    fixed=((_MAGIC, 0x1B31506F), (0x60000014, 40_000_000 // 115_200)),
    mac_low=0x60008844,
    mac_high=0x60008848,
)

_ESP32_S2 = Chip(
    name="esp32s2",
    chip_id=2,
    security_info=12,
    spi=0x3F402000,
    spi_usr2=0x20,
    spi_w0=0x58,
    fixed=((_MAGIC, 0x000007C6), (0x3F400014, 40_000_000 // 115_200)),
    mac_low=0x3F41A044,
    mac_high=0x3F41A048,
)
_ESP32_C6 = Chip(
    name="esp32c6",
    chip_id=13,
    security_info=20,
    spi=0x60003000,
    spi_usr2=0x20,
    spi_w0=0x58,
    fixed=((_MAGIC, 0x2CE0806F), (0x60000014, 40_000_000 // 115_200)),
    mac_low=0x600B0844,
    mac_high=0x600B0848,
)

CHIPS = {chip.name: chip for chip in (_ESP32, _ESP32_S2, _ESP32_S3, _ESP32_C3, _ESP32_C6)}
"""The simulated chips, by esptool's name: esp32, esp32s2, esp32s3, esp32c3, esp32c6."""
