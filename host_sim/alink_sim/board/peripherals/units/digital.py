"""machine.Pin, Signal, and the functions that drive a pin."""

from __future__ import annotations

from typing import Any, ClassVar

from alink_sim.board.peripherals import pin as pins
from alink_sim.board.peripherals.pin import Pin
from alink_sim.board.peripherals.units.unit import Unit, os_error
from alink_sim.board.peripherals.wiring import Wiring

_TIMED_OUT = 116  # ETIMEDOUT of an ESP32


def pin_of(wiring: Wiring, given: Any) -> Pin:
    """Return the pin of an argument: a machine.Pin, or the number of its GPIO."""
    if isinstance(given, PinUnit):
        return given.pin
    try:
        return wiring.pin(given)
    except (TypeError, ValueError):
        raise ValueError("invalid pin") from None


class PinUnit(Unit):
    """machine.Pin."""

    constants: ClassVar = {
        "IN": pins.IN,
        "OUT": pins.OUT,
        "OPEN_DRAIN": pins.OPEN_DRAIN,
        "PULL_DOWN": pins.PULL_DOWN,
        "PULL_UP": pins.PULL_UP,
        "IRQ_RISING": pins.RISING,
        "IRQ_FALLING": pins.FALLING,
        "WAKE_LOW": pins.WAKE_LOW,
        "WAKE_HIGH": pins.WAKE_HIGH,
        "DRIVE_0": 0,
        "DRIVE_1": 1,
        "DRIVE_2": 2,
        "DRIVE_3": 3,
    }

    def __init__(self, wiring: Wiring, id: Any, *args: Any, **settings: Any) -> None:
        super().__init__(wiring)
        self.pin = pin_of(wiring, id)
        self.key = f"Pin({self.pin.number})"
        if args or settings:
            self.init(*args, **settings)

    def init(
        self,
        mode: int = -1,
        pull: int | None = -1,
        value: Any = None,
        *,
        drive: int | None = None,
        hold: bool | None = None,
    ) -> None:
        """Change the settings that are given. `drive` has no effect here."""
        del drive
        pin = self.pin
        if mode in (pins.OUT, pins.OPEN_DRAIN) and pin.number in self._wiring.table.inputs:
            raise ValueError("pin can only be input")
        if hold is not None:
            pin.hold = hold
        if mode != -1:
            pin.mode = mode
        if pull != -1:
            pin.pull = pull
        if value is not None:
            pin.drive(value)
        pin.update()

    def value(self, x: Any = None) -> int | None:
        """Return the level, or set the output."""
        if x is None:
            return self.pin.level
        self.pin.drive(x)
        return None

    def on(self) -> None:
        """Set the output to 1."""
        self.pin.drive(1)

    def off(self) -> None:
        """Set the output to 0."""
        self.pin.drive(0)

    def toggle(self) -> None:
        """Set the output to the other level."""
        self.pin.drive(not self.pin.level)

    def irq(
        self,
        handler: bool | None = None,
        trigger: int = pins.RISING | pins.FALLING,
        *,
        wake: int | None = None,
        hard: bool = False,
    ) -> None:
        """Call the handler at the edges of `trigger`, or let a level of it end a sleep."""
        del hard
        if trigger in (pins.WAKE_LOW, pins.WAKE_HIGH):
            if wake is None:
                raise ValueError("bad wake value")
            self._wiring.wake_pins[self.pin.number] = int(trigger == pins.WAKE_HIGH)
            return
        self.pin.triggers = trigger if handler else 0


class SignalUnit(Unit):
    """machine.Signal."""

    def __init__(self, wiring: Wiring, pin: Any, *args: Any, invert: bool = False) -> None:
        super().__init__(wiring)
        unit = PinUnit(wiring, pin, *args)
        self._pin, self._invert = unit.pin, int(bool(invert))
        self.key = f"Signal({self._pin.number}, invert={bool(invert)})"

    def value(self, x: Any = None) -> int | None:
        """Return the logical level, or set it."""
        if x is None:
            return self._pin.level ^ self._invert
        self._pin.drive(bool(x) ^ self._invert)
        return None

    def on(self) -> None:
        """Make the signal active."""
        self._pin.drive(1 ^ self._invert)

    def off(self) -> None:
        """Make the signal inactive."""
        self._pin.drive(self._invert)


def time_pulse_us(wiring: Wiring, pin: Any, level: int, timeout: int = 1_000_000) -> int:
    """Return the length of the pulse that is set for the pin; -2 without one, -1 if too long."""
    del level
    length = pin_of(wiring, pin).pulse_us()
    if length is None:
        return -2
    return -1 if length > timeout else length


def bitstream(wiring: Wiring, pin: Any, encoding: int, timing: Any, data: bytes) -> None:
    """Keep the bytes; their timing has no effect here."""
    del encoding, timing
    pin_of(wiring, pin).frames.append(data)


def dht_readinto(wiring: Wiring, pin: Any, size: int) -> bytes:
    """Return the five bytes of the DHT sensor on the pin."""
    for part in pin_of(wiring, pin).parts:
        if hasattr(part, "dht_frame"):
            return bytes(part.dht_frame())[:size]
    raise os_error(_TIMED_OUT)
