"""Simulate an ESP32: a flash file and an interpreter process, controlled from the host.

These names and `alink_sim.board.serial` are the public surface; the other modules are internal.
"""

from __future__ import annotations

from alink_formats.sdk import sdk_files
from alink_sim.board.board import Board
from alink_sim.board.flash import firmware_image
from alink_sim.board.flash.burn import burn, replace_table
from alink_sim.board.flash.flash_file import FlashFile, PowerCutError
from alink_sim.board.interpreter.console import BoardError, TextLine
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.board.interpreter.state import FOREVER, Waiting
from alink_sim.board.program import BoardProgram

__all__ = [
    "FOREVER",
    "Board",
    "BoardError",
    "BoardProgram",
    "FlashFile",
    "PowerCutError",
    "TextLine",
    "Waiting",
    "beside_standins",
    "burn",
    "firmware_image",
    "replace_table",
    "sdk_files",
]
