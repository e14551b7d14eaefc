"""The production line: eight ports relative to one, and its start time relative to esptool.

Simulated boards transfer bytes at the chip's baud rate; both kinds of runs alternate on one
machine. 1.0 would be eight boards in the time of one.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from alink_formats import board as boards
from alink_formats.sources import boards_dir
from alink_sim.board import FlashFile, firmware_image
from alink_sim.board.serial import PtyPort, SerialBoard

_APP = 400_000  # Bytes: enough for the wire to take longer than the programs.
_PORTS = 8
_ROUNDS = 5


@dataclass(frozen=True)
class LineSpeed:
    """Wall time of eight ports over that of the slowest board alone; starts over esptool's."""

    eight_ports: float
    start: float


def measure(folder: Path) -> LineSpeed:
    """Return the figures; `folder` is scratch."""
    batch = _batch(folder)
    alone = [_seconds(batch, folder, [n]) for n in (0, 1)]
    together = _seconds(batch, folder, list(range(2, 2 + _PORTS)))
    return LineSpeed(eight_ports=together / max(alone), start=_start())


def rows(speed: LineSpeed) -> list[tuple[str, str, str]]:
    """Return the lines of the table."""
    return [
        ("eight boards on eight ports over the slowest alone", f"{speed.eight_ports:.2f}", ""),
        ("start of alink-burn over that of esptool", f"{speed.start:.2f}", "goal 2.0"),
    ]


def _batch(folder: Path) -> Path:
    definition = boards.load(boards_dir() / "ESP32_GENERIC")
    app = firmware_image.application(definition.chip, size=_APP)
    data = firmware_image.published(definition, app=app)
    (folder / "firmware.bin").write_bytes(data)
    (folder / "product.secret").write_text("Bench0Secret0001")
    file = folder / "bench.toml"
    file.write_text(
        '[product]\nkey = "a1Bench"\nsecret = "file:product.secret"\n'
        '[device_name]\nscheme = "mac"\n'
        "[rows]\ncount = 100\n"
        f'[firmware]\nimage = "firmware.bin"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    )
    return file


def _seconds(batch: Path, folder: Path, boards: list[int]) -> float:
    # Wall time of `alink-burn run` with these boards plugged in, without its start.
    ports = []
    for number in boards:
        flash = FlashFile.create(folder / f"flash-{number}.bin", size=4 << 20)
        board = SerialBoard(flash, mac=f"a0b7650000{number:02x}")
        ports.append(PtyPort(board, folder / f"tty-{number}", pace=time.sleep))
    command = [sys.executable, "-m", "alink_factory", "run", str(batch), "--json"]
    for port in ports:
        port.plug()
        command += ["--port", str(port.path)]
    left, began = len(ports), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            began = began or time.monotonic()
            left -= '"result": "done"' in line
            if not left:
                ended = time.monotonic()
                process.terminate()
                break
    for port in ports:
        port.unplug()
    return ended - began


def _start() -> float:
    programs = (["alink_factory", "--version"], ["esptool", "version"])
    ratios = []
    for _ in range(_ROUNDS):
        seconds = []
        for program in programs:
            began = time.monotonic()
            subprocess.run(
                [sys.executable, "-m", *program],
                check=True,
                capture_output=True,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            )
            seconds.append(time.monotonic() - began)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)
