"""HC-SR04: an ultrasonic ranger on two pins."""

from __future__ import annotations

from alink_sim.board.peripherals.pin import Pin

_US_PER_CM = 58.2  # There and back at 343 m/s.


class HcSr04:
    """The ranger. Set `cm`, the distance; None for nothing in range."""

    def __init__(self, *, trigger: Pin, echo: Pin, cm: float | None = 100.0) -> None:
        """Wire it to two pins of a board."""
        self.cm = cm
        self._triggered = False
        trigger.listen(self._trigger)
        echo.echo(self._echo)

    def _trigger(self, level: int) -> None:
        self._triggered = self._triggered or not level

    def _echo(self) -> int | None:
        if not self._triggered or self.cm is None:
            return None
        self._triggered = False
        return round(self.cm * _US_PER_CM)
