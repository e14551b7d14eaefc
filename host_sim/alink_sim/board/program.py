"""Run MicroPython behind a simulated serial port."""

from __future__ import annotations

from collections.abc import Callable

from alink_sim.board.board import Board
from alink_sim.board.interpreter import bootloader


class BoardProgram:
    """The program of a `SerialBoard`: it boots `board` from its flash after a normal reset.

    If boot loader, table or application is missing in flash, the board prints the error message
    of a chip instead. A fake image of `firmware_image` is enough, because the interpreter runs.
    """

    def __init__(self, board: Board) -> None:
        self.board = board

    def start(self, output: Callable[[bytes], None]) -> None:
        """Boot from flash and send all output to `output`, from any thread."""
        if bootloader.is_there(self.board.flash, self.board.definition):
            self.board.power_on(uart=output)
            return
        try:
            bootloader.start(self.board.flash, self.board.definition)
        except bootloader.BootError as error:
            output(str(error).replace("\n", "\r\n").encode())

    def feed(self, data: bytes) -> None:
        """Send bytes to the input of the serial port."""
        self.board.type(data)

    def stop(self) -> None:
        """Switch the power off."""
        self.board.power_off()
