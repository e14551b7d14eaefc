"""The pins, buses and serial ports of the chip. A test sets and reads them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection

from alink_sim.board.peripherals.ble import BleAir
from alink_sim.board.peripherals.buses import I2cBus, SpiBus
from alink_sim.board.peripherals.pin import Pin
from alink_sim.board.peripherals.pin_tables import PIN_TABLES, PinTable
from alink_sim.board.peripherals.uart import Uart

EXT0_WAKE, EXT1_WAKE, TIMER_WAKE = 2, 3, 4


class AdcInput:
    """The analog input of a pin."""

    def __init__(self, pin: Pin) -> None:
        """`pin` is the pin of the ADC channel."""
        self._pin = pin

    def set_volts(self, volts: float) -> None:
        """Set the voltage on the pin. Raises ValueError for another type, inf or NaN."""
        try:
            good = math.isfinite(volts)
        except TypeError:
            good = False
        if not good:
            raise ValueError(f"volts is {volts!r}; write a number, such as 1.2")
        self._pin.volts = volts


class Wiring:
    """The surroundings of one chip. They stay when the firmware restarts."""

    def __init__(
        self, chip: str, *, now: Callable[[], int], notify: Callable[[], None] = lambda: None
    ) -> None:
        """`now` returns the board's clock in ms; `notify` tells the firmware of an interrupt."""
        self.lock = threading.RLock()
        self.ble = BleAir()
        self.mac = bytes(6)
        self.table: PinTable = PIN_TABLES[chip]
        self.chip = chip
        self.wake_pins: dict[int, int] = {}  # The level that ends a sleep, by pin.
        self.wake_cause = 0  # machine.wake_reason() for these pins.
        self.woken_by = 0  # machine.wake_reason() now.
        self.frequency = 160_000_000  # of the processor, in hertz
        self.country = "XX"  # of the radio
        self.chip_celsius = 48.0  # The temperature of the chip.
        self._now = now
        self._notify = notify
        self._began = 0
        self._pins: dict[int, Pin] = {}
        self._i2c: dict[tuple[int, int] | int, I2cBus] = {}
        self._spi: dict[int, SpiBus] = {}
        self._uarts: dict[int, Uart] = {}
        self._interrupts: list[tuple[str, tuple[object, ...]]] = []

    def pin(self, number: int) -> Pin:
        """Return a pin by its GPIO number. Raises ValueError if the chip does not have it."""
        if number not in self.table.outputs | self.table.inputs:
            raise ValueError(f"{self.chip} has no pin {number}")
        return self._pins.setdefault(number, Pin(self, number))

    def adc(self, number: int) -> AdcInput:
        """Return the analog input of a pin. Raises ValueError if the pin has no ADC."""
        if number not in self.table.adc:
            raise ValueError(f"pin {number} of {self.chip} has no ADC")
        return AdcInput(self.pin(number))

    def i2c(
        self, number: int | None = None, *, scl: int | None = None, sda: int | None = None
    ) -> I2cBus:
        """Return the bus of machine.I2C(number), or the bus on two pins.

        A device on two pins is found by machine.SoftI2C and machine.I2C with these pins. Raises
        ValueError if the chip does not have the bus or a pin.
        """
        if scl is not None and sda is not None:
            return self._i2c.setdefault((self.pin(scl).number, self.pin(sda).number), I2cBus())
        if number is None:
            raise ValueError("name an I2C bus by its number, or by scl= and sda=")
        self._check("I2C", number, range(len(self.table.i2c)))
        return self._i2c.setdefault(number, I2cBus())

    def spi(self, number: int) -> SpiBus:
        """Return the bus of machine.SPI(number); SoftSPI is number -1."""
        self._check("SPI", number, (-1, 1, 2))
        return self._spi.setdefault(number, SpiBus(self.pin))

    def uart(self, number: int) -> Uart:
        """Return the serial port of machine.UART(number), seen from its other end."""
        self._check("UART", number, self.uarts)
        return self._uarts.setdefault(number, Uart(self, number))

    @property
    def uarts(self) -> range:
        """The numbers of machine.UART."""
        return range(2 if self.chip in ("esp32c3", "esp32c6", "esp32s2") else 3)

    def _check(self, what: str, number: int, known: Collection[int]) -> None:
        if number not in known:
            numbers = ", ".join(map(str, known))
            raise ValueError(f"{self.chip} has no {what}({number}); it has {numbers}")

    def interrupt(self, key: str, arguments: tuple[object, ...] = ()) -> None:
        """Call the callback of a peripheral, with the peripheral if there are no arguments."""
        self._interrupts.append((key, arguments))
        self._notify()

    def take_interrupts(self) -> list[tuple[str, tuple[object, ...]]]:
        """Return the interrupts since the last call."""
        taken, self._interrupts = self._interrupts, []
        return taken

    def seconds(self) -> float:
        """Return the seconds of the board's clock since power-on."""
        return (self._now() - self._began) / 1000

    def wakes(self) -> bool:
        """Return whether a pin ends the sleep of the chip now."""
        return any(self.pin(number).level == level for number, level in self.wake_pins.items())

    def power_on(self, *, mac: bytes) -> None:
        """Begin a period under power: the histories are empty. `mac` has six bytes."""
        self.mac = mac
        self._began = self._now()
        for pin in self._pins.values():
            pin.hold = False
            pin.reset()
            pin.history.clear()

    def reset(self, *, soft: bool, asleep: bool) -> None:
        """Restart the firmware, after a deep sleep if `asleep`.

        After a soft reset the outputs keep their levels.
        """
        with self.lock:
            self.woken_by = 0
            if asleep:
                self.woken_by = self.wake_cause if self.wakes() else TIMER_WAKE
            self.wake_pins = {}
            self._interrupts.clear()
            for pin in self._pins.values():
                if soft:
                    pin.triggers = 0
                else:
                    pin.reset()
            self.ble.advertising = None
            for uart in self._uarts.values():
                uart.interrupts = False
