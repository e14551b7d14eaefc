"""The serial port of a run's first board, whose output the terminal shows as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alink_sim.board import Board, BoardProgram, firmware_image
from alink_sim.board.serial import PtyPort, Rfc2217Port, SerialBoard

RFC2217 = "rfc2217"
"""The `where` of a port over TCP with DTR and RTS; any other is the path of a pseudo terminal."""

_WITHOUT_LINES = "--before no-reset --after no-reset"  # A pseudo terminal has no DTR and no RTS.


class FirstBoardPort:
    """The port of a board, until it is unplugged. `show` gets the output of the board."""

    def __init__(
        self, board: Board, where: str, *, mac: str, show: Callable[[bytes], None]
    ) -> None:
        self._serial = SerialBoard(
            board.flash,
            chip=board.definition.chip,
            mac=mac,
            program=_Shown(board, show),
            efuses=board.efuses,
        )
        self._port: PtyPort | Rfc2217Port
        if where == RFC2217:
            self._port = Rfc2217Port(self._serial)
            self.name = self._port.url
        else:
            self._port = PtyPort(self._serial, Path(where), download=False)
            self.name = where

    def plug(self) -> None:
        """Plug the cable in, which powers the board in run mode. Raises ValueError."""
        try:
            self._port.plug()
        except FileExistsError:
            raise ValueError(f"port {self.name} is a file that exists: name a new path") from None

    def unplug(self) -> None:
        """Pull the cable, which switches the board off."""
        self._port.unplug()

    def reset(self) -> None:
        """Press the reset button."""
        self._serial.reset(download=False)

    def download(self) -> str:
        """Press the reset button while BOOT is held; return how esptool speaks to the board."""
        self._serial.reset(download=True)
        options = "" if self.name.startswith(RFC2217) else f" {_WITHOUT_LINES}"
        return f"esptool --port {self.name}{options} flash-id; `reset` starts the firmware"


def burn_loader(board: Board) -> None:
    """Burn a boot loader and an image: at a serial port, a reset boots them as on a chip."""
    definition = board.definition
    board.flash.burn(
        definition.firmware_offset,
        firmware_image.bootloader(definition.chip, flash_size=definition.flash_size),
    )
    slot = board.table().slots[0]
    board.flash.burn(slot.offset, firmware_image.application(definition.chip, version="sim"))


class _Shown(BoardProgram):
    """The program of a board whose output is shown beside its serial port."""

    def __init__(self, board: Board, show: Callable[[bytes], None]) -> None:
        super().__init__(board)
        self._show = show

    def start(self, output: Callable[[bytes], None]) -> None:
        def both(data: bytes) -> None:
            self._show(data)
            output(data)

        super().start(both)
