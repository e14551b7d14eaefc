"""I2C and SPI buses, and the device with registers that most I2C chips are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from alink_sim.board.peripherals.pin import Pin


class I2cDevice(Protocol):
    """A device on an I2C bus. A method raises OSError to refuse the transfer."""

    def write(self, data: bytes) -> None:
        """Take the bytes of one write, after the address."""

    def read(self, count: int) -> bytes:
        """Return `count` bytes of one read."""


class I2cBus:
    """The devices on an I2C bus, by address."""

    def __init__(self) -> None:
        """Make a bus without devices."""
        self.devices: dict[int, I2cDevice] = {}

    def attach(self, address: int, device: I2cDevice) -> None:
        """Connect a device at a 7-bit address. Raises ValueError for a reserved address."""
        if not 0x08 <= address <= 0x77:
            raise ValueError(f"I2C address is {address:#04x}; allowed range is 0x08 to 0x77")
        self.devices[address] = device

    def detach(self, address: int) -> None:
        """Disconnect the device at an address, such as one whose cable broke."""
        self.devices.pop(address, None)


class RegisterDevice:
    """An I2C device with registers: a write sets the register pointer and what follows it.

    `width` is the number of bytes in a register; several bytes are big-endian. The pointer moves
    on with each register that is written or read.
    """

    def __init__(self, registers: Mapping[int, int] | None = None, *, width: int = 1) -> None:
        """`registers` maps numbers of registers to their values; the others are 0."""
        self._width = width
        self._memory = bytearray(256 * width)
        self._at = 0
        for number, value in (registers or {}).items():
            self[number] = value

    def __getitem__(self, register: int) -> int:
        at = register * self._width
        return int.from_bytes(self._memory[at : at + self._width], "big")

    def __setitem__(self, register: int, value: int) -> None:
        at = register * self._width
        self._memory[at : at + self._width] = value.to_bytes(self._width, "big")

    def write(self, data: bytes) -> None:
        """Take a register pointer and values of registers; call `written` for each register."""
        if not data:
            return
        self._at = data[0] * self._width
        for offset, byte in enumerate(data[1:]):
            self._memory[(self._at + offset) % len(self._memory)] = byte
        for register in range(data[0], data[0] + len(data[1:]) // self._width):
            self.written(register % 256)
        self._at = (self._at + len(data) - 1) % len(self._memory)

    def read(self, count: int) -> bytes:
        """Return bytes from the register pointer on."""
        found = bytes(self._memory[(self._at + n) % len(self._memory)] for n in range(count))
        self._at = (self._at + count) % len(self._memory)
        return found

    def written(self, register: int) -> None:
        """React to a register that the firmware wrote; a device overrides this."""


class SpiDevice(Protocol):
    """A device on an SPI bus."""

    def transfer(self, data: bytes) -> bytes:
        """Return as many bytes as the firmware sent in `data`."""


class SpiBus:
    """The devices on an SPI bus."""

    def __init__(self, pin: Callable[[int], Pin]) -> None:
        """`pin` returns a pin of the board by its number."""
        self._pin = pin
        self._devices: list[tuple[SpiDevice, int | None]] = []

    def attach(self, device: SpiDevice, *, cs: int | None = None) -> None:
        """Connect a device; with `cs` it responds only while that pin is low."""
        self._devices.append((device, cs))

    def transfer(self, data: bytes) -> bytes:
        """Return the reply of the selected device; an idle bus reads as zeros."""
        for device, cs in self._devices:
            if cs is None or not self._pin(cs).level:
                return device.transfer(data)
        return bytes(len(data))
