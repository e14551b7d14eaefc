"""MicroPython behind the serial port: a flash file is started, keys go in, text comes out."""

from __future__ import annotations

from collections.abc import Callable

from alink_sim.board.board import Board
from alink_sim.board.interpreter import bootloader


class BoardProgram:
    """What a `SerialBoard` runs after a normal reset: `board`, from the flash as it is then.

    Nothing is started unless boot loader, table and application are in flash; the board then
    prints what a chip prints. An image of `firmware_image` will do: it is the interpreter that
    runs.
    """

    def __init__(self, board: Board) -> None:
        self.board = board

    def start(self, output: Callable[[bytes], None]) -> None:
        """Start what is in flash."""
        if bootloader.is_there(self.board.flash, self.board.definition):
            self.board.power_on(uart=output)
            return
        try:
            bootloader.start(self.board.flash, self.board.definition)
        except bootloader.BootError as error:
            output(str(error).replace("\n", "\r\n").encode())

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self.board.type(data)

    def stop(self) -> None:
        """Lose power."""
        self.board.power_off()
