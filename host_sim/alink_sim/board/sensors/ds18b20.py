"""DS18B20: a thermometer on a 1-Wire bus."""

from __future__ import annotations

import itertools

from alink_sim.board.peripherals.one_wire import OneWirePart, crc8

_FAMILY = 0x28
_CONVERT, _READ, _WRITE, _COPY, _RECALL, _POWER = 0x44, 0xBE, 0x4E, 0x48, 0xB8, 0xB4
_POWER_ON = 85.0  # Reported before the first conversion.
_serials = itertools.count(1)


class Ds18b20(OneWirePart):
    """The thermometer. Set `temperature` in degrees Celsius, -55 to 125."""

    def __init__(self, temperature: float = 25.0, *, serial: int | None = None) -> None:
        """`serial` is the number in its ROM code; by default each part gets the next one."""
        super().__init__(_FAMILY, next(_serials) if serial is None else serial)
        self.temperature = temperature
        self._measured = _POWER_ON
        self._settings = bytes((0x4B, 0x46, 0x7F))  # Alarm high and low, 12 bits.

    def command(self, number: int) -> bytes:
        """Run a function command and return the bytes of its reply."""
        if number == _CONVERT:
            self._measured = self.temperature
            return b"\xff"  # The conversion has ended.
        if number == _READ:
            return self._scratchpad()
        return b"\xff" if number in (_COPY, _RECALL, _POWER) else b""

    def received(self, data: bytes) -> None:
        """Store the alarms and the resolution."""
        self._settings = data[:3] + self._settings[len(data[:3]) :]

    def _scratchpad(self) -> bytes:
        step = 1 << 3 - (self._settings[2] >> 5 & 3)  # A lower resolution has larger steps.
        raw = round(self._measured * 16) // step * step
        data = raw.to_bytes(2, "little", signed=True) + self._settings + b"\xff\x0c\x10"
        return data + bytes((crc8(data),))
