"""BME280: temperature, pressure and humidity over I2C, address 0x76 or 0x77."""

from __future__ import annotations

import struct
from collections.abc import Callable

from alink_sim.board.peripherals.buses import RegisterDevice

_ID, _CALIBRATION, _CALIBRATION_2, _STATUS, _CONTROL, _DATA = 0xD0, 0x88, 0xE1, 0xF3, 0xF4, 0xF7
# The calibration of a real part; the first twelve are those of the data sheet's example.
_T = (27504, 26435, -1000)
_P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
_H1, _H2, _H3, _H4, _H5, _H6 = 75, 370, 0, 313, 50, 30


class Bme280(RegisterDevice):
    """The sensor. Set `temperature` (°C), `pressure` (hPa) and `humidity` (%)."""

    def __init__(
        self, *, temperature: float = 25.0, pressure: float = 1013.25, humidity: float = 50.0
    ) -> None:
        """Begin with these values."""
        super().__init__({_ID: 0x60})
        self.temperature = temperature
        self.pressure = pressure
        self.humidity = humidity
        self._store(_CALIBRATION, struct.pack("<HhhHhhhhhhhh", *_T, *_P) + bytes((0, _H1)))
        h4_h5 = bytes((_H4 >> 4, _H4 & 15 | (_H5 & 15) << 4, _H5 >> 4))
        self._store(_CALIBRATION_2, struct.pack("<hB", _H2, _H3) + h4_h5 + bytes((_H6,)))
        self.written(_CONTROL)

    def read(self, count: int) -> bytes:
        """Measure in normal mode, then return bytes from the register pointer on."""
        if self[_CONTROL] & 3 == 3:
            self._measure()
        return super().read(count)

    def written(self, register: int) -> None:
        """Measure once in forced mode."""
        if register == _CONTROL:
            self._measure()
            if self[_CONTROL] & 3 in (1, 2):
                self[_CONTROL] &= ~3

    def _measure(self) -> None:
        raw_t = _search(lambda raw: _fine(raw) / 5120, self.temperature, 1 << 20)
        fine = _fine(raw_t)
        # The pressure falls as its raw value rises.
        raw_p = _search(lambda raw: -_pascals(raw, fine), -100 * self.pressure, 1 << 20)
        raw_h = _search(lambda raw: _percent(raw, fine), self.humidity, 1 << 16)
        for at, raw in ((_DATA, raw_p), (_DATA + 3, raw_t)):
            self._store(at, (raw << 4).to_bytes(3, "big"))
        self._store(_DATA + 6, raw_h.to_bytes(2, "big"))

    def _store(self, register: int, data: bytes) -> None:
        for offset, byte in enumerate(data):
            self[register + offset] = byte


def _search(value: Callable[[int], float], wanted: float, end: int) -> int:
    # Return the raw value whose rising `value` is nearest below or at `wanted`.
    low, high = 0, end - 1
    while low < high:
        middle = (low + high + 1) // 2
        if value(middle) <= wanted:
            low = middle
        else:
            high = middle - 1
    return low


def _fine(raw: int) -> float:
    # The formulas are those of the data sheet, in floating point (4.2.3 and 8.1).
    first = (raw / 16384 - _T[0] / 1024) * _T[1]
    second = (raw / 131072 - _T[0] / 8192) ** 2 * _T[2]
    return first + second


def _pascals(raw: int, fine: float) -> float:
    part = fine / 2 - 64000
    square = part * part * _P[5] / 32768 + part * _P[4] * 2
    square = square / 4 + _P[3] * 65536
    factor = (1 + (_P[2] * part * part / 524288 + _P[1] * part) / 524288 / 32768) * _P[0]
    pressure = (1048576 - raw - square / 4096) * 6250 / factor
    return pressure + (_P[8] * pressure**2 / 2147483648 + pressure * _P[7] / 32768 + _P[6]) / 16


def _percent(raw: int, fine: float) -> float:
    part = fine - 76800
    value = (raw - (_H4 * 64 + _H5 / 16384 * part)) * (
        _H2 / 65536 * (1 + _H6 / 67108864 * part * (1 + _H3 / 67108864 * part))
    )
    return value * (1 - _H1 * value / 524288)
