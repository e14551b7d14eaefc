"""Which pins each chip has and what they can do, as MicroPython's ESP32 port defines them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class PinTable:
    """The pins of a chip, by number of the GPIO.

    `wakes` can end a deep sleep. `i2c` has the default pins (SCL, SDA) of each hardware bus.
    """

    outputs: frozenset[int]
    inputs: frozenset[int]  # without an output stage
    adc: frozenset[int]
    touch: frozenset[int]
    dac: frozenset[int]
    wakes: frozenset[int]
    i2c: tuple[tuple[int, int], ...]


def _set(*ranges: Iterable[int]) -> frozenset[int]:
    return frozenset(number for numbers in ranges for number in numbers)


_NONE: frozenset[int] = frozenset()

PIN_TABLES = {
    "esp32": PinTable(
        outputs=_set(range(20), (21, 22, 23, 25, 26, 27, 32, 33)),
        inputs=_set(range(34, 40)),
        adc=_set((0, 2, 4, 12, 13, 14, 15, 25, 26, 27), range(32, 40)),
        touch=_set((0, 2, 4, 12, 13, 14, 15, 27, 32, 33)),
        dac=_set((25, 26)),
        wakes=_set((0, 2, 4, 12, 13, 14, 15, 25, 26, 27), range(32, 40)),
        i2c=((18, 19), (25, 26)),
    ),
    "esp32s2": PinTable(
        outputs=_set(range(22), range(26, 46)),
        inputs=_set((46,)),
        adc=_set(range(1, 21)),
        touch=_set(range(1, 15)),
        dac=_set((17, 18)),
        wakes=_set(range(22)),
        i2c=((18, 19), (25, 26)),
    ),
    "esp32s3": PinTable(
        outputs=_set(range(22), range(26, 49)),
        inputs=_NONE,
        adc=_set(range(1, 21)),
        touch=_set(range(1, 15)),
        dac=_NONE,
        wakes=_set(range(22)),
        i2c=((9, 8), (9, 8)),
    ),
    "esp32c3": PinTable(
        outputs=_set(range(22)),
        inputs=_NONE,
        adc=_set(range(6)),
        touch=_NONE,
        dac=_NONE,
        wakes=_set(range(6)),
        i2c=((9, 8),),
    ),
    "esp32c6": PinTable(
        outputs=_set(range(31)),
        inputs=_NONE,
        adc=_set(range(7)),
        touch=_NONE,
        dac=_NONE,
        wakes=_set(range(8)),
        i2c=((9, 8),),
    ),
}
"""The pins by chip, with esptool's name."""
