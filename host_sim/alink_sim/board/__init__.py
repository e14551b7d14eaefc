"""Simulate an ESP32: a flash file and an interpreter process, controlled from the host.

The public surface: these names, `alink_sim.board.sensors` and `alink_sim.board.serial`. The other
modules are internal.
"""

from __future__ import annotations

from alink_formats.sdk import sdk_files
from alink_sim.board.board import Board
from alink_sim.board.flash import firmware_image
from alink_sim.board.flash.burn import burn, replace_table
from alink_sim.board.flash.flash_file import FlashFile, PowerCutError
from alink_sim.board.interpreter.console import BoardError, TextLine
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.board.interpreter.radio import Wifi
from alink_sim.board.interpreter.state import FOREVER, Waiting
from alink_sim.board.peripherals.ble import Advertiser, BleAir
from alink_sim.board.peripherals.buses import I2cBus, SpiBus
from alink_sim.board.peripherals.pin import Change, Pin, Pwm
from alink_sim.board.peripherals.uart import Uart
from alink_sim.board.peripherals.wiring import AdcInput
from alink_sim.board.program import BoardProgram

__all__ = [
    "FOREVER",
    "AdcInput",
    "Advertiser",
    "BleAir",
    "Board",
    "BoardError",
    "BoardProgram",
    "Change",
    "FlashFile",
    "I2cBus",
    "Pin",
    "PowerCutError",
    "Pwm",
    "SpiBus",
    "TextLine",
    "Uart",
    "Waiting",
    "Wifi",
    "beside_standins",
    "burn",
    "firmware_image",
    "replace_table",
    "sdk_files",
]
