"""Stands in for Espressif's qemu-system-xtensa: a simulated board behind QEMU's options.

It takes the options that QEMU's manual and qemu/esp32/README.md of espressif/esp-toolchain-docs
document, in their documented forms, and refuses all others, as QEMU does. Run it with our Python.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
from pathlib import Path

from alink_formats import board as definitions
from alink_formats.sources import boards_dir
from alink_sim import toolchain
from alink_sim.board import Board, BoardProgram
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.board.serial import SerialBoard

MB = 1024 * 1024
FLASH_SIZES = (2 * MB, 4 * MB, 8 * MB, 16 * MB)
MACHINES = {"esp32": "ESP32_GENERIC", "esp32s3": "ESP32_GENERIC_S3"}
NICS = {"esp32_wifi": ("PICSimLabWifi", ""), "open_eth": None}  # The network of a model.


def main(arguments: list[str]) -> None:
    """Run a board until its serial port is closed, or this process is killed."""
    options = _options(arguments)
    flash = Path(_form(r"file=((?:[^,]|,,)+),if=mtd,format=raw", options.drive)[0])
    flash = Path(str(flash).replace(",,", ","))
    if flash.stat().st_size not in FLASH_SIZES:
        sys.exit(f"only 2, 4, 8, 16 MB images are supported: {flash}")
    (model,) = _form(r"user,model=(\w+)", options.nic)
    if model not in NICS:
        sys.exit(f"Unsupported NIC model: {model}")
    host, port = _form(r"tcp:([\w.]+):(\d+)", options.serial)
    board = _board(flash, MACHINES[options.machine], NICS[model])
    chip = SerialBoard(board.flash, chip=options.machine, program=BoardProgram(board))
    with socket.create_connection((host, int(port))) as serial:
        chip.output = serial.sendall
        chip.reset(download=False)
        while keys := serial.recv(4096):
            chip.feed(keys)
    chip.power_off()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-machine", choices=MACHINES, required=True)
    parser.add_argument("-nographic", action="store_true", required=True)
    parser.add_argument("-monitor", choices=["none"], required=True)
    for name in ("-drive", "-nic", "-serial"):
        parser.add_argument(name, required=True)
    # As the manual of Espressif's QEMU turns the watchdogs off.
    watchdog = "driver=timer.esp32.timg,property=wdt_disable,value=true"
    parser.add_argument("-global", choices=[watchdog])
    return parser.parse_args(arguments)


def _form(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text)
    if not found:
        sys.exit(f"{text}: not of the form {pattern}")
    return found.groups()


def _board(flash: Path, name: str, wifi: tuple[str, str] | None) -> Board:
    home = flash.with_suffix(".board")
    interpreter = toolchain.interpreter("unix64")
    heap = beside_standins(interpreter)
    if not home.exists():
        made = Board.blank(home, interpreter=interpreter, board=name, wifi=wifi, heap=heap)
        made.flash.path.unlink()
        made.flash.path.symlink_to(os.path.relpath(flash, home))
    definition = definitions.load(boards_dir() / name)
    return Board(home, interpreter=interpreter, definition=definition, heap=heap)


if __name__ == "__main__":
    main(sys.argv[1:])
