"""The simulated ESP32: a flash file and an interpreter process, driven from the host."""

from __future__ import annotations

from alink_formats.sdk import sdk_files
from alink_sim.board.board import Board
from alink_sim.board.burn import burn, replace_table
from alink_sim.board.console import BoardError, Line
from alink_sim.board.firmware import Firmware
from alink_sim.board.flash import FlashFile, PowerCutError
from alink_sim.board.state import FOREVER, Waiting

__all__ = [
    "FOREVER",
    "Board",
    "BoardError",
    "Firmware",
    "FlashFile",
    "Line",
    "PowerCutError",
    "Waiting",
    "burn",
    "replace_table",
    "sdk_files",
]
