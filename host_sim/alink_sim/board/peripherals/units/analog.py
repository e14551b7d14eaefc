"""machine.ADC, DAC, TouchPad and PWM."""

from __future__ import annotations

from typing import Any, ClassVar

from alink_sim.board.peripherals import pin as pins
from alink_sim.board.peripherals.pin import Pwm
from alink_sim.board.peripherals.units.digital import pin_of
from alink_sim.board.peripherals.units.unit import Unit
from alink_sim.board.peripherals.wiring import Wiring

_FULL_SCALE_VOLTS = (1.1, 1.5, 2.2, 3.3)  # by attenuation; nominal, and linear here


class AdcUnit(Unit):
    """machine.ADC."""

    constants: ClassVar = {
        "ATTN_0DB": 0,
        "ATTN_2_5DB": 1,
        "ATTN_6DB": 2,
        "ATTN_11DB": 3,
        "WIDTH_9BIT": 9,
        "WIDTH_10BIT": 10,
        "WIDTH_11BIT": 11,
        "WIDTH_12BIT": 12,
    }
    refused: ClassVar = {"block": "use the methods of machine.ADC"}

    def __init__(self, wiring: Wiring, pin: Any, *, atten: int = 0) -> None:
        super().__init__(wiring)
        self._pin = pin_of(wiring, pin)
        if self._pin.number not in wiring.table.adc:
            raise ValueError("invalid pin")
        self.key = f"ADC(Pin({self._pin.number}))"
        self._bits = 12
        self.atten(atten)

    def init(self, *, atten: int = 0) -> None:
        """Set the attenuation."""
        self.atten(atten)

    def atten(self, atten: int) -> None:
        """Set the attenuation."""
        if atten not in range(4):
            raise ValueError("invalid atten")
        self._full_scale = _FULL_SCALE_VOLTS[atten]

    def width(self, bits: int) -> None:
        """Set the number of bits of `read`."""
        if bits not in range(9, 13):
            raise ValueError("invalid bits")
        self._bits = bits

    def read(self) -> int:
        """Return the raw value."""
        return round(self._share() * ((1 << self._bits) - 1))

    def read_u16(self) -> int:
        """Return the value scaled to 16 bits."""
        return round(self._share() * 0xFFFF)

    def read_uv(self) -> int:
        """Return microvolts."""
        return round(self._share() * self._full_scale * 1_000_000)

    def _share(self) -> float:
        return min(max(self._pin.volts / self._full_scale, 0.0), 1.0)


class DacUnit(Unit):
    """machine.DAC."""

    def __init__(self, wiring: Wiring, pin: Any) -> None:
        super().__init__(wiring)
        self._pin = pin_of(wiring, pin)
        if self._pin.number not in wiring.table.dac:
            raise ValueError("invalid pin")
        self.key = f"DAC(Pin({self._pin.number}))"

    def write(self, value: int) -> None:
        """Set the output, 0 to 255."""
        if not 0 <= value <= 255:
            raise ValueError("value out of range")
        self._pin.dac = value


class TouchUnit(Unit):
    """machine.TouchPad."""

    def __init__(self, wiring: Wiring, pin: Any) -> None:
        super().__init__(wiring)
        self._pin = pin_of(wiring, pin)
        if self._pin.number not in wiring.table.touch:
            raise ValueError("invalid pin for touchpad")
        self.key = f"TouchPad(Pin({self._pin.number}))"

    def read(self) -> int:
        """Return the measured value."""
        return self._pin.touch

    def config(self, threshold: int) -> None:
        """Set the value below which a touch ends a sleep; it has no effect here."""
        del threshold


class PwmUnit(Unit):
    """machine.PWM."""

    def __init__(self, wiring: Wiring, pin: Any, **settings: Any) -> None:
        super().__init__(wiring)
        self._pin = pin_of(wiring, pin)
        if self._pin.number in wiring.table.inputs:
            raise ValueError("invalid pin")
        self.key = f"PWM(Pin({self._pin.number}))"
        self._pin.pwm = self._pin.pwm or Pwm(freq=5000, duty=0.5)
        self.init(**settings)

    def init(
        self,
        *,
        freq: int | None = None,
        duty: int | None = None,
        duty_u16: int | None = None,
        duty_ns: int | None = None,
        invert: int | None = None,
    ) -> None:
        """Change the settings that are given. `invert` has no effect here."""
        del invert
        self._pin.mode = pins.OUT
        if freq is not None:
            self.freq(freq)
        for setter, value in (
            (self.duty, duty),
            (self.duty_u16, duty_u16),
            (self.duty_ns, duty_ns),
        ):
            if value is not None:
                setter(value)

    def deinit(self) -> None:
        """Stop the signal."""
        self._pin.pwm = None

    def freq(self, hertz: int | None = None) -> int | None:
        """Return or set the frequency."""
        if hertz is None:
            return self._signal().freq
        if not 1 <= hertz <= 40_000_000:
            raise ValueError("frequency must be from 1Hz to 40MHz")
        self._signal().freq = hertz
        return None

    def duty(self, value: int | None = None) -> int | None:
        """Return or set the duty cycle, 0 to 1023."""
        return self._duty(value, 1023, "duty must be from 0 to 1023")

    def duty_u16(self, value: int | None = None) -> int | None:
        """Return or set the duty cycle, 0 to 65535."""
        return self._duty(value, 65535, "duty_u16 must be from 0 to 65535")

    def duty_ns(self, value: int | None = None) -> int | None:
        """Return or set the length of the pulse in nanoseconds."""
        period = 1_000_000_000 // self._signal().freq
        return self._duty(value, period, f"duty_ns must be from 0 to {period} ns")

    def _duty(self, value: int | None, full: int, refusal: str) -> int | None:
        if value is None:
            return round(self._signal().duty * full)
        if not 0 <= value <= full:
            raise ValueError(refusal)
        self._signal().duty = value / full
        return None

    def _signal(self) -> Pwm:
        if self._pin.pwm is None:
            raise ValueError("PWM is inactive")
        return self._pin.pwm
