"""A pin of the chip, seen from the parts around it: levels in and out, with their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alink_sim.board.peripherals.chip import Chip

IN, OUT, OPEN_DRAIN = 1, 3, 7
PULL_DOWN, PULL_UP = 1, 2
RISING, FALLING, WAKE_LOW, WAKE_HIGH = 1, 2, 4, 5


@dataclass(frozen=True)
class Change:
    """A new level of a pin; `at` is in seconds of the board's clock since power-on."""

    level: int
    at: float


@dataclass
class Pwm:
    """A PWM signal: `freq` in hertz, `duty` from 0 to 1."""

    freq: int
    duty: float

    @property
    def pulse_us(self) -> float:
        """Return how long the pin is high in each period, in microseconds."""
        return self.duty * 1_000_000 / self.freq


class Pin:
    """One pin. The firmware drives it if it is an output, else `set` or its pull does."""

    def __init__(self, chip: Chip, number: int) -> None:
        """`chip` is the board's `Wiring`; only it makes pins."""
        self.number = number
        self.history: list[Change] = []  # Each change of its level since power-on.
        self.pwm: Pwm | None = None  # The PWM signal that the firmware makes, if any.
        self.dac: int | None = None  # The value that the firmware wrote to its DAC, 0 to 255.
        self.touch = 1000  # The value that machine.TouchPad reads; a touch is a lower number.
        self.volts = 0.0  # The voltage that machine.ADC measures.
        self.frames: list[bytes] = []  # Written by machine.bitstream, such as neopixels.
        self.pulses: list[tuple[int, int]] = []  # Written by esp32.RMT: level, microseconds.
        self.parts: list[Any] = []  # The parts of `attach`.
        self.mode = IN
        self.pull: int | None = None
        self.hold = False
        self.triggers = 0  # The edges of Pin.irq.
        self._chip = chip
        self._latch = 0
        self._outside: int | None = None
        self._level = 0
        self._listeners: list[Callable[[int], None]] = []
        self._echo: Callable[[], int | None] = lambda: None

    @property
    def level(self) -> int:
        """Return its level, 0 or 1."""
        return self._level

    @property
    def pixels(self) -> list[tuple[int, ...]]:
        """Return the colors (red, green, blue) of the WS2812 LEDs on this pin."""
        data = self.frames[-1] if self.frames else b""
        return [(data[at + 1], data[at], data[at + 2]) for at in range(0, len(data) - 2, 3)]

    def set(self, level: int | None) -> None:
        """Drive the pin from outside to 0 or 1; None lets it float. Raises ValueError."""
        if level not in (0, 1, None):
            raise ValueError(f"level is {level!r}; use 0, 1 or None")
        with self._chip.lock:
            self._outside = None if level is None else int(bool(level))
            self.update()

    def set_pulse_us(self, microseconds: int | None) -> None:
        """Set the length of the pulse that machine.time_pulse_us measures; None for no pulse."""
        self._echo = lambda: microseconds

    def attach(self, part: Any) -> None:
        """Wire a part of `alink_sim.board.sensors` to this pin, such as a DHT22."""
        self.parts.append(part)

    def echo(self, source: Callable[[], int | None]) -> None:
        """Let `source` return the length of each pulse in microseconds, or None."""
        self._echo = source

    def pulse_us(self) -> int | None:
        """Return the length of the next pulse in microseconds."""
        return self._echo()

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with each new level."""
        self._listeners.append(listener)

    def drive(self, level: int) -> None:
        """Set the output of the firmware."""
        self._latch = int(bool(level))
        self.update()

    def update(self) -> None:
        """Work out the level again, after a change of mode, pull, output or input."""
        driven = self.mode == OUT or (self.mode == OPEN_DRAIN and not self._latch)
        if driven:
            level = self._latch
        elif self._outside is not None:
            level = self._outside
        else:
            level = int(self.pull == PULL_UP or self.mode == OPEN_DRAIN)
        if level == self._level:
            return
        self._level = level
        self.history.append(Change(level, self._chip.seconds()))
        for listener in self._listeners:
            listener(level)
        if self.triggers & (RISING if level else FALLING):
            self._chip.interrupt(f"Pin({self.number})")

    def reset(self) -> None:
        """Reset the firmware's side: an input without pull, no interrupt, no PWM."""
        self.triggers = 0
        self.pwm = None
        if not self.hold:
            self.mode, self.pull, self._latch = IN, None, 0
            self.update()
