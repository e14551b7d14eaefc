"""A board as its serial port shows it: strapping, boot messages, loader or running program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from alink_sim.board.chips import CHIPS
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.serial.loader import Loader
from alink_sim.board.serial.registers import Registers, flash_id_of

_DOWNLOAD = b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"
_RUN = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"


class Program(Protocol):
    """What a board runs from its flash after a normal reset."""

    def start(self, output: Callable[[bytes], None]) -> None:
        """Begin at the reset vector; what it prints goes to `output`, from any thread."""

    def feed(self, data: bytes) -> None:
        """Take what was typed."""

    def stop(self) -> None:
        """Lose power, or be reset; nothing when it does not run."""


class SerialBoard:
    """A chip, its flash and what hangs on its UART0. A port delivers `output`.

    `flash_id` None is that of a flash of the file's size. Any thread may call.
    """

    def __init__(
        self,
        flash: FlashFile,
        *,
        chip: str = "esp32",
        mac: str = "a0b765123456",
        flash_id: int | None = None,
        program: Program | None = None,
    ) -> None:
        self._chip = CHIPS[chip]
        self._flash = flash
        self._mac = bytes.fromhex(mac)
        self._flash_id = flash_id_of(flash.size) if flash_id is None else flash_id
        self._program = program
        self._lock = threading.RLock()
        self._loader: Loader | None = None
        self.output: Callable[[bytes], None] = _nowhere
        self.resets: list[str] = []  # "download" or "run", one for each start of the chip.

    @property
    def mode(self) -> str:
        """What it is in: "download", "run", or "off"."""
        return self.resets[-1] if self.resets else "off"

    @property
    def runs_stub(self) -> bool:
        """Whether the loader's stub is running."""
        with self._lock:
            return self._loader is not None and self._loader.runs_stub

    @property
    def baud(self) -> int:
        """Bits a second the chip listens at."""
        with self._lock:
            return self._loader.baud if self._loader else 115_200

    def reset(self, *, download: bool) -> None:
        """Let the chip start: with IO0 low into the loader, or into what is in flash."""
        with self._lock:
            self._halt()
            self.resets.append("download" if download else "run")
            self.output(_DOWNLOAD if download else _RUN)
            if download:
                registers = Registers(self._chip, mac=self._mac, flash_id=self._flash_id)
                self._loader = Loader(self._chip, self._flash, registers)
            elif self._program:
                self._program.start(self._print)

    def power_off(self) -> None:
        """Lose power; what was in RAM is gone."""
        with self._lock:
            self._halt()
            self.resets.clear()

    def feed(self, data: bytes) -> None:
        """Take bytes of the host."""
        with self._lock:
            if self._loader:
                self.output(self._loader.feed(data))
                if self._loader.leaves_to:
                    self.reset(download=self._loader.leaves_to == "download")
            elif self._program and self.resets:
                self._program.feed(data)

    def _print(self, data: bytes) -> None:
        # From the program's own thread: no lock, which a reset holds while it stops that thread.
        self.output(data)

    def _halt(self) -> None:
        self._loader = None
        if self._program:
            self._program.stop()


def _nowhere(_: bytes) -> None:
    # No port is plugged in: what is printed is lost.
    return
