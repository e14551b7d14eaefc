"""machine.I2C, SPI, UART, their software versions, and onewire.OneWire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from alink_sim.board.peripherals.buses import I2cBus, I2cDevice
from alink_sim.board.peripherals.one_wire import MATCH, SEARCH, SKIP, OneWireBus, OneWirePart, crc8
from alink_sim.board.peripherals.units.digital import pin_of
from alink_sim.board.peripherals.units.unit import Unit, os_error
from alink_sim.board.peripherals.wiring import Wiring

_NO_DEVICE = 19  # ENODEV
_POLLIN, _POLLOUT = 1, 4


class _I2c(Unit):
    """The methods of both kinds of I2C, hardware and software."""

    _buses: tuple[I2cBus, ...]

    def scan(self) -> list[int]:
        """Return the addresses that respond."""
        return sorted({address for bus in self._buses for address in bus.devices})

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:
        """Read bytes from a device."""
        del stop
        return _padded(self._device(addr).read(nbytes), nbytes)

    def readfrom_into(self, addr: int, size: int, stop: bool = True) -> bytes:
        """Fill a buffer from a device."""
        return self.readfrom(addr, size, stop)

    def writeto(self, addr: int, buf: bytes, stop: bool = True) -> int:
        """Write bytes to a device; return how many it acknowledged."""
        del stop
        self._device(addr).write(_bytes(buf))
        return len(buf)

    def writevto(self, addr: int, vector: Sequence[bytes], stop: bool = True) -> int:
        """Write several buffers in one transfer."""
        return self.writeto(addr, b"".join(map(_bytes, vector)), stop)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        """Read from a register of a device."""
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big"))
        return self.readfrom(addr, nbytes)

    def readfrom_mem_into(self, addr: int, memaddr: int, size: int, *, addrsize: int = 8) -> bytes:
        """Fill a buffer from a register of a device."""
        return self.readfrom_mem(addr, memaddr, size, addrsize=addrsize)

    def writeto_mem(self, addr: int, memaddr: int, buf: bytes, *, addrsize: int = 8) -> None:
        """Write to a register of a device."""
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big") + _bytes(buf))

    def _device(self, address: int) -> I2cDevice:
        for bus in self._buses:
            if address in bus.devices:
                return bus.devices[address]
        raise os_error(_NO_DEVICE)


class I2cUnit(_I2c):
    """machine.I2C."""

    def __init__(
        self,
        wiring: Wiring,
        id: int = 0,
        *,
        scl: Any = None,
        sda: Any = None,
        freq: int = 400_000,
        timeout: int = 50_000,
    ) -> None:
        super().__init__(wiring)
        if id not in range(len(wiring.table.i2c)):
            raise ValueError(f"I2C({id}) doesn't exist")
        self._id = id
        default_scl, default_sda = wiring.table.i2c[id]
        self.init(scl=default_scl if scl is None else scl, sda=default_sda if sda is None else sda)
        del freq, timeout
        self.key = f"I2C({id})"

    def init(self, *, scl: Any, sda: Any, freq: int = 400_000) -> None:
        """Move the bus to other pins. `freq` has no effect here."""
        del freq
        pins = pin_of(self._wiring, scl).number, pin_of(self._wiring, sda).number
        self._buses = (self._wiring.i2c(self._id), self._wiring.i2c(scl=pins[0], sda=pins[1]))

    def deinit(self) -> None:
        """Do nothing: the next transfer works again, as on a chip after init()."""


class SoftI2cUnit(_I2c):
    """machine.SoftI2C."""

    refused: ClassVar = dict.fromkeys(("readinto", "start", "stop", "write"), "use writeto")

    def __init__(
        self, wiring: Wiring, scl: Any, sda: Any, *, freq: int = 400_000, timeout: int = 50_000
    ) -> None:
        super().__init__(wiring)
        del freq, timeout
        self.init(scl, sda)
        pins = pin_of(wiring, scl).number, pin_of(wiring, sda).number
        self.key = f"SoftI2C(scl={pins[0]}, sda={pins[1]})"

    def init(self, scl: Any, sda: Any, *, freq: int = 400_000) -> None:
        """Move the bus to other pins. `freq` has no effect here."""
        del freq
        pins = pin_of(self._wiring, scl).number, pin_of(self._wiring, sda).number
        self._buses = (self._wiring.i2c(scl=pins[0], sda=pins[1]),)


class SpiUnit(Unit):
    """machine.SPI."""

    constants: ClassVar = {"MSB": 0, "LSB": 1}

    def __init__(
        self, wiring: Wiring, id: int, baudrate: int = 1_000_000, **settings: Any
    ) -> None:
        super().__init__(wiring)
        if id not in (1, 2):
            raise ValueError(f"SPI({id}) doesn't exist")
        self._open(id, baudrate, **settings)
        self.key = f"SPI({id})"

    def _open(
        self,
        number: int,
        baudrate: int = 500_000,
        *,
        polarity: int = 0,
        phase: int = 0,
        bits: int = 8,
        firstbit: int = 0,
        sck: Any = None,
        mosi: Any = None,
        miso: Any = None,
    ) -> None:
        del baudrate, polarity, phase, bits, firstbit
        for pin in (sck, mosi, miso):
            if pin is not None:
                pin_of(self._wiring, pin)
        self._bus = self._wiring.spi(number)

    def init(self, baudrate: int = 1_000_000, **settings: Any) -> None:
        """Do nothing: clock, mode and pins have no effect here."""

    def deinit(self) -> None:
        """Do nothing: the next transfer works again, as on a chip after init()."""

    def write(self, buf: bytes) -> None:
        """Send bytes."""
        self._bus.transfer(_bytes(buf))

    def read(self, nbytes: int, write: int = 0) -> bytes:
        """Receive bytes while `write` is sent."""
        return _padded(self._bus.transfer(bytes((write,)) * nbytes), nbytes)

    def readinto(self, size: int, write: int = 0) -> bytes:
        """Fill a buffer while `write` is sent."""
        return self.read(size, write)

    def write_readinto(self, write_buf: bytes, size: int) -> bytes:
        """Send a buffer and fill another."""
        return _padded(self._bus.transfer(_bytes(write_buf)), size)


class SoftSpiUnit(SpiUnit):
    """machine.SoftSPI."""

    def __init__(self, wiring: Wiring, baudrate: int = 500_000, **settings: Any) -> None:
        Unit.__init__(self, wiring)
        self._open(-1, baudrate, **settings)
        self.key = "SoftSPI()"


class UartUnit(Unit):
    """machine.UART."""

    constants: ClassVar = {
        "INV_TX": 32,
        "INV_RX": 4,
        "INV_RTS": 64,
        "INV_CTS": 8,
        "RTS": 1,
        "CTS": 2,
        "IRQ_RX": 1,
        "IRQ_RXIDLE": 4096,
        "IRQ_BREAK": 2,
    }
    stream: ClassVar = True

    def __init__(self, wiring: Wiring, id: int, *args: Any, **settings: Any) -> None:
        super().__init__(wiring)
        if id not in wiring.uarts:
            raise ValueError(f"UART({id}) does not exist")
        self._uart = wiring.uart(id)
        self.key = f"UART({id})"
        self.init(*args, **settings)

    def init(
        self,
        baudrate: int = 115_200,
        bits: int = 8,
        parity: int | None = None,
        stop: int = 1,
        *,
        tx: Any = None,
        rx: Any = None,
        rts: Any = None,
        cts: Any = None,
        txbuf: int = 256,
        rxbuf: int = 256,
        timeout: int = 0,
        timeout_char: int = 0,
        invert: int = 0,
        flow: int = 0,
    ) -> None:
        """Check the pins; the other settings have no effect here."""
        del baudrate, bits, parity, stop, txbuf, rxbuf, timeout, timeout_char, invert, flow
        for pin in (tx, rx, rts, cts):
            if pin is not None and pin != -1:
                pin_of(self._wiring, pin)

    def deinit(self) -> None:
        """Stop its interrupts."""
        self._uart.interrupts = False

    def any(self) -> int:
        """Return the number of bytes that can be read."""
        return self._uart.waiting

    def read(self, nbytes: int = -1) -> bytes | None:
        """Return up to `nbytes` received bytes, or None without any."""
        return self._uart.read(self._uart.waiting if nbytes < 0 else nbytes) or None

    def readinto(self, size: int, nbytes: int | None = None) -> bytes | None:
        """Fill a buffer with received bytes."""
        return self.read(size if nbytes is None else min(size, nbytes))

    def readline(self) -> bytes | None:
        """Return a text line or the received part of it, or None without any."""
        return self._uart.read_line() or None

    def write(self, buf: bytes) -> int:
        """Send bytes; return their number."""
        data = _bytes(buf)
        self._uart.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: bytes leave at once."""

    def txdone(self) -> bool:
        """Return True: bytes leave at once."""
        return True

    def sendbreak(self) -> None:
        """Do nothing: the other end does not see a break."""

    def irq(self, handler: bool | None = None, trigger: int = 0, hard: bool = False) -> None:
        """Call the handler when bytes come."""
        del trigger, hard
        self._uart.interrupts = bool(handler)

    def ioctl(self, events: int) -> int:
        """Return which of the polled events are ready."""
        return events & ((_POLLIN if self._uart.waiting else 0) | _POLLOUT)


class OneWireUnit(Unit):
    """onewire.OneWire."""

    constants: ClassVar = {"SEARCH_ROM": SEARCH, "MATCH_ROM": MATCH, "SKIP_ROM": SKIP}

    def __init__(self, wiring: Wiring, pin: Any) -> None:
        super().__init__(wiring)
        wire = pin_of(wiring, pin)
        self.key = f"OneWire(Pin({wire.number}))"
        self._bus = OneWireBus(
            lambda: [part for part in wire.parts if isinstance(part, OneWirePart)]
        )

    def reset(self, required: bool = False) -> bool:
        """Reset the bus; return whether a device is present."""
        present = self._bus.reset()
        if required and not present:
            raise OneWireError
        return present

    def readbit(self) -> int:
        """Read a bit."""
        return self._bus.slot(1)

    def readbyte(self) -> int:
        """Read a byte."""
        return sum(self._bus.slot(1) << number for number in range(8))

    def readinto(self, size: int) -> bytes:
        """Fill a buffer."""
        return bytes(self.readbyte() for _ in range(size))

    def writebit(self, value: int) -> None:
        """Write a bit."""
        self._bus.slot(value & 1)

    def writebyte(self, value: int) -> None:
        """Write a byte."""
        for number in range(8):
            self._bus.slot(value >> number & 1)

    def write(self, buf: bytes) -> None:
        """Write bytes."""
        for byte in buf:
            self.writebyte(byte)

    def select_rom(self, rom: bytes) -> None:
        """Select the device of a ROM code."""
        self.reset()
        self.writebyte(MATCH)
        self.write(rom)

    def scan(self) -> list[bytearray]:
        """Return the ROM codes of all devices."""
        return [bytearray(code) for code in self._bus.search()]

    def crc8(self, data: bytes) -> int:
        """Return the CRC of 1-Wire."""
        return crc8(data)


class OneWireError(Exception):
    """onewire.OneWireError of the firmware."""

    firmware_module = "onewire"


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, bytes):
        return data
    raise TypeError("object with buffer protocol required")


def _padded(data: bytes, size: int) -> bytes:
    return data[:size].ljust(size, b"\xff")
