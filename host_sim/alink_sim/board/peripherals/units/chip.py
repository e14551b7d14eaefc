"""The functions of `machine` and `esp32` that belong to the chip itself, and esp32.RMT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from alink_sim.board.peripherals.units.digital import pin_of
from alink_sim.board.peripherals.units.unit import Unit
from alink_sim.board.peripherals.wiring import EXT0_WAKE, EXT1_WAKE, Wiring

_MHZ = 1_000_000
_FREQUENCIES = {"esp32c3": (20, 40, 80, 160), "esp32c6": (20, 40, 80, 160)}
_RMT_PULSE_MAX = 32767
_RMT_SOURCE_HZ = 80_000_000


def freq(wiring: Wiring, hertz: int | None = None) -> int | None:
    """Return or set the frequency of the processor; it has no effect here."""
    if hertz is None:
        return wiring.frequency
    allowed = _FREQUENCIES.get(wiring.chip, (20, 40, 80, 160, 240))
    if hertz not in [mhz * _MHZ for mhz in allowed]:
        names = [f"{mhz}MHz" for mhz in allowed]
        raise ValueError(f"frequency must be {', '.join(names[:-1])} or {names[-1]}")
    wiring.frequency = hertz
    return None


def idle(wiring: Wiring) -> None:
    """Do nothing."""
    del wiring


def country(wiring: Wiring, code: str | None = None) -> str | None:
    """Return or set the country of the radio; it has no effect here."""
    if code is None:
        return wiring.country
    if len(code) != 2:
        raise ValueError("code must be two letters")
    wiring.country = code
    return None


def osdebug(wiring: Wiring, *levels: Any) -> None:
    """Do nothing: the board has no messages of ESP-IDF."""
    del wiring, levels


def disable_irq(wiring: Wiring) -> int:
    """Return a state for enable_irq; interrupts only run between statements here anyway."""
    del wiring
    return 0


def enable_irq(wiring: Wiring, state: int = 0) -> None:
    """Do nothing; see `disable_irq`."""
    del wiring, state


def wake_reason(wiring: Wiring) -> int:
    """Return what ended the deep sleep, 0 after another reset."""
    return wiring.woken_by


def raw_temperature(wiring: Wiring) -> int:
    """Return the temperature of an ESP32 in degrees Fahrenheit."""
    return round(wiring.chip_celsius * 9 / 5 + 32)


def mcu_temperature(wiring: Wiring) -> int:
    """Return the temperature of the chip in degrees Celsius."""
    return round(wiring.chip_celsius)


def wake_on_ext0(wiring: Wiring, pin: Any, level: int) -> None:
    """Let a level of one pin end a deep sleep; None for no pin."""
    _wake(wiring, [] if pin is None else [pin], level, EXT0_WAKE)


def wake_on_ext1(wiring: Wiring, pins: Sequence[Any] | None, level: int) -> None:
    """Let a level of several pins end a deep sleep; None for no pins."""
    _wake(wiring, list(pins or ()), level, EXT1_WAKE)


def wake_on_gpio(wiring: Wiring, pins: Sequence[Any] | None, level: int) -> None:
    """Let a level of a pin end a light sleep; None for no pins."""
    _wake(wiring, list(pins or ()), level, EXT1_WAKE)


def gpio_deep_sleep_hold(wiring: Wiring, enable: bool) -> None:
    """Do nothing: pins with hold=True keep their level in a deep sleep."""
    del wiring, enable


def _wake(wiring: Wiring, pins: list[Any], level: int, cause: int) -> None:
    numbers = [pin_of(wiring, pin).number for pin in pins]
    for number in numbers:
        if number not in wiring.table.wakes:
            raise ValueError("invalid pin")
    wiring.wake_pins = dict.fromkeys(numbers, int(bool(level)))
    wiring.wake_cause = cause


class RmtUnit(Unit):
    """esp32.RMT."""

    constants: ClassVar = {"PULSE_MAX": _RMT_PULSE_MAX}
    refused: ClassVar = {"loop": "use write_pulses"}

    def __init__(
        self,
        wiring: Wiring,
        channel: int = 0,
        *,
        pin: Any,
        clock_div: int = 8,
        resolution_hz: int = 0,
        idle_level: bool = False,
        tx_carrier: Any = None,
        num_symbols: int = 64,
    ) -> None:
        super().__init__(wiring)
        del idle_level, tx_carrier, num_symbols
        self._pin = pin_of(wiring, pin)
        self._divider = _RMT_SOURCE_HZ // resolution_hz if resolution_hz else clock_div
        self.key = f"RMT(channel={channel}, pin={self._pin.number})"

    def source_freq(self) -> int:
        """Return the frequency of the source clock."""
        return _RMT_SOURCE_HZ

    def clock_div(self) -> int:
        """Return the divider of the source clock."""
        return self._divider

    def write_pulses(self, duration: Any, data: Any = True) -> None:
        """Write pulses: a list of durations, one duration and levels, or both lists."""
        if isinstance(duration, int):
            levels = [int(bool(level)) for level in data]
            ticks = [duration] * len(levels)
        else:
            ticks = list(duration)
            first = int(bool(data)) if isinstance(data, int) else None
            levels = (
                [int(bool(level)) for level in data]
                if first is None
                else [first ^ number & 1 for number in range(len(ticks))]
            )
        if any(not 0 < tick <= _RMT_PULSE_MAX for tick in ticks):
            raise ValueError(f"duration must be from 1 to {_RMT_PULSE_MAX}")
        tick_us = self._divider * 1_000_000 / _RMT_SOURCE_HZ
        self._pin.pulses += [
            (level, round(tick * tick_us)) for level, tick in zip(levels, ticks, strict=True)
        ]

    def wait_done(self, *, timeout: int = 0) -> bool:
        """Return True: pulses leave at once."""
        del timeout
        return True

    def active(self) -> bool:
        """Return False: pulses leave at once."""
        return False

    def bitstream_channel(self, value: int | None = None) -> int:
        """Return the channel of machine.bitstream."""
        return 1 if value is None else value

    def deinit(self) -> None:
        """Do nothing."""
