"""The other end of a serial port of the firmware, such as a GPS receiver or a Modbus meter."""

from __future__ import annotations

from typing import Protocol

from alink_sim.board.peripherals.chip import Chip


class UartDevice(Protocol):
    """A device at the other end of the cable."""

    def write(self, data: bytes) -> bytes | None:
        """Take bytes of the firmware; return the bytes that it sends back, if any."""


class Uart:
    """The cable of machine.UART(number)."""

    def __init__(self, chip: Chip, number: int) -> None:
        """`chip` is the board's `Wiring`; only it makes ports."""
        self.number = number
        self.interrupts = False  # Whether UART.irq has a handler.
        self._chip = chip
        self._device: UartDevice | None = None
        self._to_firmware = bytearray()
        self._from_firmware = bytearray()

    def attach(self, device: UartDevice) -> None:
        """Attach a device that replies to the firmware, in place of the one that was attached."""
        self._device = device

    def send(self, data: bytes) -> None:
        """Send bytes to the firmware. Raises TypeError for text."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data is {data!r}; a UART carries bytes, such as b'...'")
        with self._chip.lock:
            self._to_firmware += data
            if self.interrupts:
                self._chip.interrupt(f"UART({self.number})")

    @property
    def sent(self) -> bytes:
        """Return the bytes that the firmware has written."""
        return bytes(self._from_firmware)

    def take_sent(self) -> bytes:
        """Return the bytes that the firmware has written since the last call."""
        with self._chip.lock:
            data = bytes(self._from_firmware)
            self._from_firmware.clear()
        return data

    @property
    def waiting(self) -> int:
        """Return the number of bytes that the firmware has not read."""
        return len(self._to_firmware)

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes for the firmware."""
        data = bytes(self._to_firmware[:count])
        del self._to_firmware[:count]
        return data

    def read_line(self) -> bytes:
        """Return a text line for the firmware, or the part of it that has come."""
        end = self._to_firmware.find(b"\n") + 1
        return self.read(end or len(self._to_firmware))

    def write(self, data: bytes) -> None:
        """Take bytes from the firmware."""
        self._from_firmware += data
        if self._device and (reply := self._device.write(data)):
            self.send(reply)
