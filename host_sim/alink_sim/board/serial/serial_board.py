"""A board at its serial port: strapping pins, boot messages, ROM loader or running program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from alink_sim.board.chips import CHIPS
from alink_sim.board.efuses import Efuses
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.serial.loader import Loader, LoaderCounts
from alink_sim.board.serial.registers import Registers, flash_id_of

_DOWNLOAD = b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"
_BITS = 10  # Bits of a byte on the wire, with start and stop bit.
_RUN = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"


class Program(Protocol):
    """The program in a board's flash, which runs after a normal reset."""

    def start(self, output: Callable[[bytes], None]) -> None:
        """Start; send all output to `output`, from any thread."""

    def feed(self, data: bytes) -> None:
        """Receive bytes from the serial port."""

    def stop(self) -> None:
        """Stop because of a reset or power-off; do nothing if it does not run."""


class SerialBoard:
    """A chip with its flash and UART0. A port sets `output`, which gets the bytes for the host.

    `flash_id` is the JEDEC id; None derives it from the file's size. `efuses` can be burned. Any
    thread may call.
    """

    def __init__(
        self,
        flash: FlashFile,
        *,
        chip: str = "esp32",
        mac: str = "a0b765123456",
        flash_id: int | None = None,
        program: Program | None = None,
        efuses: Efuses | None = None,
    ) -> None:
        self._efuses = efuses
        self._chip = CHIPS[chip]
        self._flash = flash
        self._mac = bytes.fromhex(mac)
        self._flash_id = flash_id_of(flash.size) if flash_id is None else flash_id
        self._program = program
        self._lock = threading.RLock()
        self._loader: Loader | None = None
        self.output: Callable[[bytes], None] = _nowhere
        self.resets: list[str] = []  # The mode of each start: "download" or "run".
        self.counts = LoaderCounts()  # Since the board was made.

    @property
    def mode(self) -> str:
        """Return the mode: "download", "run" or "off"."""
        return self.resets[-1] if self.resets else "off"

    @property
    def runs_stub(self) -> bool:
        """Return whether the flasher stub runs."""
        with self._lock:
            return self._loader is not None and self._loader.runs_stub

    @property
    def baud(self) -> int:
        """Return the baud rate of the chip."""
        with self._lock:
            return self._loader.baud if self._loader else 115_200

    def duration(self, size: int) -> float:
        """Return the seconds that `size` bytes take on the wire, at the baud rate of the chip."""
        return size * _BITS / self.baud

    def reset(self, *, download: bool) -> None:
        """Start the chip: with IO0 low (`download`) the ROM loader, else the program in flash."""
        with self._lock:
            self._halt()
            self.resets.append("download" if download else "run")
            self.output(_DOWNLOAD if download else _RUN)
            if download:
                self.counts.resets += 1
                registers = Registers(
                    self._chip, mac=self._mac, flash_id=self._flash_id, efuses=self._efuses
                )
                self._loader = Loader(self._chip, self._flash, registers, self.counts)
            elif self._program:
                self._program.start(self._print)

    def power_off(self) -> None:
        """Switch off; the RAM loses its content."""
        with self._lock:
            self._halt()
            self.resets.clear()

    def feed(self, data: bytes) -> None:
        """Process bytes from the host."""
        with self._lock:
            if self._loader:
                self.output(self._loader.feed(data))
                if self._loader.leaves_to:
                    self.reset(download=self._loader.leaves_to == "download")
            elif self._program and self.resets:
                self._program.feed(data)

    def _print(self, data: bytes) -> None:
        # The program's thread calls this without the lock: a reset holds the lock while it stops
        # that thread.
        self.output(data)

    def _halt(self) -> None:
        self._loader = None
        if self._program:
            self._program.stop()


def _nowhere(_: bytes) -> None:
    # Without a port the output is lost.
    return
