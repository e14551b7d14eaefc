"""A simulated ESP32: a directory that holds its flash, and power that goes on and off."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from alink_formats import board as definitions
from alink_formats import littlefs, nvs_image, partitions
from alink_formats.identity import Identity
from alink_formats.partitions import PartitionTable
from alink_sim import toolchain
from alink_sim.board.chips import CHIPS
from alink_sim.board.efuses import Efuses
from alink_sim.board.flash import burn, firmware_image
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.hmac_unit import FAMILIES, HmacUnit
from alink_sim.board.interpreter import bootloader, state
from alink_sim.board.interpreter import heap as heap_sizes
from alink_sim.board.interpreter.console import BoardError, Console, TextLine
from alink_sim.board.interpreter.frozen import frozen
from alink_sim.board.interpreter.process import Power
from alink_sim.board.interpreter.radio import Wifi
from alink_sim.board.interpreter.rom import ChipFlash, Rom
from alink_sim.board.interpreter.state import BoardState, Reset, Waiting
from alink_sim.board.peripherals.ble import BleAir
from alink_sim.board.peripherals.buses import I2cBus, SpiBus
from alink_sim.board.peripherals.calls import Calls
from alink_sim.board.peripherals.pin import Pin
from alink_sim.board.peripherals.uart import Uart
from alink_sim.board.peripherals.wiring import AdcInput, Wiring
from alink_sim.patience import patience
from alink_sim.toolchain import Interpreter

_CLOUD = ("*.aliyuncs.com 127.0.0.1", "localhost 127.0.0.1")


class ClockFile(Protocol):
    """A clock that a board can use: `path` is the file with its time, None for real time."""

    @property
    def path(self) -> Path | None:
        """Return the file: 8 bytes, little-endian, milliseconds since 1970."""


class Board:
    """One board. `lines` holds all its output.

    Read `flash` at any time; write it only while the power is off.
    """

    def __init__(
        self,
        directory: Path,
        *,
        interpreter: Interpreter,
        definition: definitions.BoardDefinition,
        clock: ClockFile | None = None,
        heap: str = "56wk",
    ) -> None:
        """Open a board that `create` made.

        `heap` is the argument of -X heapsize, or "chip" for the two heaps of an ESP32 (with a
        version as in "chip 1.22.1"): then the interpreter is chip32.
        """
        self.directory = directory.resolve()  # The interpreter works in it.
        self.definition = definition
        self.flash = FlashFile(self.directory / "flash.bin")
        family = FAMILIES.get(definition.chip)
        # The eFuses of a chip that has an HMAC unit, else None.
        self.efuses = Efuses(self.directory / "efuse.bin", family.efuse) if family else None
        self.files: dict[str, bytes] = {}  # Burned into the vfs, by absolute path.
        self.device_name = ""  # The burned DeviceName, or "".
        self._interpreter = interpreter
        self._clock = clock.path if clock else None
        self._heap = heap
        self._state = BoardState(self.directory / "state.bin")
        self._console = Console()
        self.wifi = Wifi(self.directory / "wifi", self._state)
        self._wiring = Wiring(definition.chip, now=self._now, notify=self._state.interrupt)
        self._power: Power | None = None
        self._keys: tuple[int, int] | None = None  # Read and write end of the serial input.

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        interpreter: Interpreter,
        layout: str = "factory",
        identity: Identity | None,
        files: Mapping[str, bytes],
        app: bytes | None = None,
        damage: str | None = None,
        **options: Any,
    ) -> Board:
        """Make a board in `directory`, burn it and return it, switched off.

        `files` maps paths in its vfs to contents. `app` is an image of `firmware_image` for the
        first slot; it is burned with a boot loader. A board without `app` starts too. `damage`
        names a burned field, as the vendor spells it, to damage in flash. The other options are
        those of `blank`.
        Raises BoardDefinitionError, IdentityError, VfsError or BurnError.
        """
        new = cls.blank(directory, interpreter=interpreter, **options)
        burn.burn(
            new.flash,
            new.definition,
            layout=layout,
            identity=identity,
            files=files,
            app=app,
            damage=damage,
        )
        new.files = dict(files)
        new.device_name = identity.device_name if identity else ""
        return new

    @classmethod
    def blank(
        cls,
        directory: Path,
        *,
        interpreter: Interpreter,
        mac: str = "a0b765123456",
        clock: ClockFile | None = None,
        hosts: Iterable[str] = _CLOUD,
        wifi: tuple[str, str] | None = None,
        heap: str = "56wk",
        board: str = "ESP32_GENERIC",
        flash_size: int | None = None,
    ) -> Board:
        """Make a board whose flash is blank and return it, switched off.

        `hosts` lists the names that the board can resolve, as lines "pattern address". `wifi` is
        the SSID and password of the network in range; None accepts any. `flash_size` is a size
        in bytes that `board` is sold with, the smallest if None. Raises BoardDefinitionError.
        """
        definition = definitions.load(toolchain.boards_dir() / board)
        definition = definition.fitted(flash_size or definition.flash_size)
        directory.mkdir(parents=True, exist_ok=True)
        new = cls(
            directory, interpreter=interpreter, definition=definition, clock=clock, heap=heap
        )
        FlashFile.create(new.flash.path, size=definition.flash_size)
        new._state.create(mac=bytes.fromhex(mac))
        new.resolve(hosts)
        new.wifi.set_network(*(wifi or ("", "")))
        return new

    def resolve(self, hosts: Iterable[str]) -> None:
        """Set the names it can resolve, as lines "pattern address"; without lines DNS fails."""
        self.wifi.set_names("".join(f"{line}\n" for line in hosts))

    def power_on(
        self, *, cut_at: int | None = None, uart: Callable[[bytes], None] | None = None
    ) -> None:
        """Switch on; the RTC starts at 2000-01-01. Cut power in flash operation number `cut_at`.

        With `uart` the board has a serial port: `uart` gets its output, `type` sends input, and
        a REPL starts after main.py. Raises ToolchainError if `heap` needs an interpreter that is
        not installed.
        """
        self.power_off()
        heap = heap_sizes.board_heap(self._heap, self._interpreter)
        image = frozen(with_umqtt=not heap.has_umqtt)
        boot = self.directory / "boot"  # Short: the interpreter keeps each import path.
        boot.unlink(missing_ok=True)
        boot.symlink_to(image.boot)
        modules = self.directory / "frozen"  # Modules of the application that boots.
        modules.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "TZ": "UTC",
            "MICROPYPATH": boot.name,
            "ALINK_BOARD": str(self.directory),
            "ALINK_ROM": str(image.rom),
            **heap.environment,
            "ALINK_FROZEN": str(modules),
            "ALINK_MACHINE": "Generic {0} module with {0}".format(self.definition.chip.upper()),
            "ALINK_CLOCK": str(self._clock or ""),
            "ALINK_KEYS": "1" if uart else "",
        }
        self._keys = os.pipe() if uart else None
        self._state.power_on(cut_at=cut_at)
        self.wifi.apply()
        self._wiring.power_on(mac=self._state.mac)
        state.clear_waiting(self.directory / "waiting")
        self._console.begin(uart)
        self._power = Power(
            command=heap.command,
            environment=environment,
            directory=self.directory,
            state=self._state,
            console=self._console,
            boot=self._boot,
            rom=self._rom,
            now=self._now,
            wakes=self._wiring.wakes,
            keys=self._keys[0] if self._keys else None,
        )

    def type(self, keys: bytes) -> None:
        """Send bytes to its serial port; bytes that overflow its input buffer are lost."""
        if self._keys:
            os.set_blocking(self._keys[1], False)
            with contextlib.suppress(BlockingIOError):
                os.write(self._keys[1], keys)

    def power_off(self) -> None:
        """Switch off at once, like pulling the plug; do nothing if it is off."""
        if self._power:
            self._power.off()
            self._power = None
        self.wifi.close()
        for end in self._keys or ():
            os.close(end)
        self._keys = None

    def press_reset(self) -> None:
        """Press EN: a hard reset. The RTC keeps its time and memory."""
        if self._power:
            self._power.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    @property
    def lines(self) -> list[TextLine]:
        """Return every text line that it has printed."""
        return self._console.lines

    def tail(self, count: int = 20) -> str:
        """Return the last `count` text lines, each with its seconds since power-on."""
        return self._console.tail(count)

    def expect(self, what: str | re.Pattern[str], *, timeout: float | None = None) -> TextLine:
        """Return the next text line that contains a text or matches a pattern.

        Raises BoardError after `timeout` seconds (None: `patience`), or once the board has ended.
        """
        __tracebackhide__ = True  # pytest then shows the caller.
        return self._console.expect(what, timeout=patience() if timeout is None else timeout)

    def wait(self, *, timeout: float | None = None) -> str:
        """Wait until the firmware ends and return how it ended.

        "halted": main.py returned. "crashed": it raised. "cut": power failed. "off": switched off.
        Raises BoardError if it still runs after `timeout` seconds or is off.
        """
        timeout = patience() if timeout is None else timeout
        if self._power is None or not self._power.wait(timeout):
            what = "is off" if self._power is None else f"still runs after {timeout:g} s"
            raise BoardError(f"the board {what}. Its last output:\n{self._console.tail()}")
        return self._power.outcome

    @property
    def has_ended(self) -> bool:
        """Return whether it is off, cut, crashed, or main.py has ended."""
        power = self._power
        return power is None or power.wait(0)

    @property
    def ended(self) -> str:
        """Return how the firmware ended, as `wait` does; "" while it runs."""
        power = self._power
        if power is None:
            return "off"
        return power.outcome if power.wait(0) else ""

    @property
    def asleep(self) -> bool:
        """Return whether it is in a deep sleep."""
        return self._power is not None and self._power.asleep

    @property
    def running(self) -> str:
        """Return the partition that runs or ran last; "" if no boot loader chose it."""
        slots = [slot for slot in self.table().slots if slot.offset == self._state.running]
        return slots[0].name if slots else ""

    @property
    def flash_operations(self) -> int:
        """Return the number of flash operations since power-on; `cut_at` counts from 1."""
        return self._state.operations

    @property
    def has_drained(self) -> bool:
        """Whether `lines` has all that it has printed so far."""
        return self._power is not None and self._power.has_drained

    @property
    def waiting(self) -> Waiting | None:
        """Return what it waits for on a ManualClock, to advance to; None while it works."""
        return state.read_waiting(self.directory / "waiting")

    def table(self) -> PartitionTable:
        """Return the partition table that is in flash."""
        data = self.flash.read(partitions.OFFSET, partitions.SIZE)
        return PartitionTable.from_binary(data, flash_size=self.definition.flash_size)

    def nvs(self) -> list[nvs_image.KeyValue]:
        """Return the complete records of the partition `nvs`."""
        return nvs_image.dump(self._partition("nvs"))

    def vfs_files(self) -> dict[str, bytes]:
        """Return the files of the vfs, by absolute path."""
        return littlefs.read(self._partition("vfs"))

    def replace_table(self, layout: str) -> None:
        """Flash a stock image over it: the table of `layout` and a blank `nvs`."""
        burn.replace_table(self.flash, self.definition, layout=layout)

    def replace_files(self, files: Mapping[str, bytes]) -> None:
        """Burn the vfs again, with these files. Raises VfsError."""
        vfs = self.table().with_vfs(self.flash.size).find("vfs")
        self.flash.burn(vfs.offset, littlefs.build(files, size=vfs.size))
        self.files = dict(files)

    def fill_nvs(self) -> None:
        """Fill every page of `nvs`, so that the firmware erases it at the next boot."""
        burn.fill_nvs(self.flash, self.table())

    def burn_record(self, record: bytes, *, layout: str) -> None:
        """Burn the bytes of a certificate record, valid or damaged."""
        burn.burn_record(self.flash, self.definition, layout=layout, record=record)

    def pin(self, number: int) -> Pin:
        """Return a pin by its GPIO number. Raises ValueError if the chip does not have it."""
        return self._wiring.pin(number)

    def adc(self, number: int) -> AdcInput:
        """Return the analog input of a pin. Raises ValueError if the pin has no ADC."""
        return self._wiring.adc(number)

    def i2c(
        self, number: int | None = None, *, scl: int | None = None, sda: int | None = None
    ) -> I2cBus:
        """Return the bus of machine.I2C(number), or the bus on two pins."""
        return self._wiring.i2c(number, scl=scl, sda=sda)

    def spi(self, number: int) -> SpiBus:
        """Return the bus of machine.SPI(number); SoftSPI is number -1."""
        return self._wiring.spi(number)

    def uart(self, number: int) -> Uart:
        """Return the other end of machine.UART(number)."""
        return self._wiring.uart(number)

    @property
    def ble(self) -> BleAir:
        """Return the Bluetooth devices near the board."""
        return self._wiring.ble

    def _partition(self, name: str) -> bytes:
        partition = self.table().with_vfs(self.flash.size).find(name)
        return self.flash.read(partition.offset, partition.size)

    def _boot(self) -> None:
        if bootloader.is_there(self.flash, self.definition):
            flash = ChipFlash(self.flash.path, self._state)
            slot = bootloader.start(flash, self.definition)
            self._state.running = slot.offset
            modules = firmware_image.frozen_in(flash.read(slot.offset, slot.size))
            shutil.rmtree(self.directory / "frozen")
            (self.directory / "frozen").mkdir()
            for name, source in modules.items():
                self._write(f"frozen/{name}", source)

    def _rom(self) -> Rom:
        flash = ChipFlash(self.flash.path, self._state)
        family, unit = FAMILIES.get(self.definition.chip), None
        if self.efuses and family:
            unit = HmacUnit(family, self.efuses)
        cause = self._state.cause
        self._wiring.reset(soft=cause is Reset.SOFT, asleep=cause is Reset.DEEP_SLEEP)
        return Rom(
            flash,
            self.table(),
            CHIPS[self.definition.chip].chip_id,
            unit,
            peripherals=Calls(self._wiring).reply,
        )

    def _now(self) -> int:
        if self._clock is None:
            return time.time_ns() // 1_000_000
        return int.from_bytes(self._clock.read_bytes()[:8], "little")

    def _write(self, name: str, text: str) -> None:
        state.overwrite(self.directory / name, text)
