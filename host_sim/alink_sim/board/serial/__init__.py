"""The serial side of a simulated board: ROM loader, reset lines, and ports of the host."""

from __future__ import annotations

from alink_sim.board.chips import CHIPS, Chip
from alink_sim.board.flash.worn_flash import WornFlash
from alink_sim.board.serial.cable import Cable, CablePull
from alink_sim.board.serial.pty_port import PtyPort
from alink_sim.board.serial.rfc2217_port import Rfc2217Port
from alink_sim.board.serial.serial_board import Program, SerialBoard

__all__ = [
    "CHIPS",
    "Cable",
    "CablePull",
    "Chip",
    "Program",
    "PtyPort",
    "Rfc2217Port",
    "SerialBoard",
    "WornFlash",
]
