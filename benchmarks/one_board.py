"""One board on the line, over one merged write by esptool: `python -m benchmarks.one_board`.

Both write the same bytes to a simulated board on a port with reset lines. The clock of the port
counts only bytes, at the baud rate in force: not the programs, and not the erase of the flash.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from alink_formats import board as boards
from alink_formats.sources import boards_dir
from alink_sim.board import FlashFile, firmware_image
from alink_sim.board.serial import Rfc2217Port, SerialBoard
from alink_sim.clock import ManualClock

BAUD = 460_800
# An application like that of MicroPython 1.26: 1.67 MB that deflate to 1.12 MB.
_RANDOM, _ZEROS = 1_120_000, 550_000
_BURN = [sys.executable, "-m", "alink_factory"]
_ESPTOOL = [sys.executable, "-m", "esptool", "--baud", str(BAUD)]
_DEFINITION = boards.load(boards_dir() / "ESP32_GENERIC")
_macs = itertools.count(0xA0B765100001)
_QUICK = Path(__file__).parents[1] / "tests" / "factory" / "quick_rfc2217"


@dataclass(frozen=True)
class Run:
    """The cost of a program for one board: seconds on the port's clock, and loader counts."""

    seconds: float
    resets: int
    stubs: int
    bytes_read: int


@dataclass(frozen=True)
class OneBoard:
    """The floor is the application alone, deflated, at the baud rate; then the three runs."""

    floor: float
    merged: Run
    burned: Run
    identity: Run


def measure(folder: Path) -> OneBoard:
    """Return the figures; `folder` is scratch."""
    (folder / "product.secret").write_text("Bench0Secret0001")
    whole = _batch(folder, "whole", firmware(folder))
    bare = _batch(folder, "bare", "")
    merged = folder / "merged.bin"
    _run([*_BURN, "image", str(whole), "whole-2", "--output", str(merged)])
    write = ["write-flash", hex(_DEFINITION.firmware_offset), str(merged)]
    return OneBoard(
        floor=len(zlib.compress(_application(), 9)) * 10 / BAUD,
        merged=_burned(folder, lambda url: [*_ESPTOOL, "--port", url, *write]),
        burned=_burned(folder, lambda url: [*_BURN, "flash", str(whole), "--port", url]),
        identity=_burned(folder, lambda url: [*_BURN, "flash", str(bare), "--port", url]),
    )


def firmware(folder: Path) -> str:
    """Write an image like MicroPython's into a folder; return the lines of a batch for it."""
    data = firmware_image.published(_DEFINITION, app=_application())
    (folder / "firmware.bin").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return f'[firmware]\nimage = "firmware.bin"\nsha256 = "{digest}"'


def _application() -> bytes:
    filling = {"filling.py": "#" * _ZEROS}
    return firmware_image.application(_DEFINITION.chip, size=_RANDOM, frozen=filling)


def rows(speed: OneBoard) -> list[tuple[str, str, str]]:
    """Return the lines of the table."""
    over = speed.burned.seconds / speed.merged.seconds
    return [
        (f"firmware deflated, at {BAUD} baud", f"{speed.floor:.1f} s", ""),
        ("one merged write of firmware, identity and vfs by esptool", _text(speed.merged), ""),
        ("alink-burn with firmware", _text(speed.burned), ""),
        ("alink-burn with firmware over one merged write", f"{over:.2f}", "goal 1.06"),
        ("alink-burn, identity and vfs only", _text(speed.identity), "goal 3 s"),
    ]


def _text(run: Run) -> str:
    return (
        f"{run.seconds:.1f} s, {run.resets} resets into the loader, {run.stubs} stubs uploaded, "
        f"{run.bytes_read} bytes read"
    )


def _batch(folder: Path, name: str, image: str) -> Path:
    (folder / f"{name}.csv").write_text(f"DeviceName\n{name}-1\n{name}-2\n")
    file = folder / f"{name}.toml"
    file.write_text(
        '[product]\nkey = "a1Bench"\nsecret = "file:product.secret"\n'
        f'[board]\nbaud = {BAUD}\n[device_name]\nscheme = "given"\n'
        f'[rows]\nfile = "{name}.csv"\n{image}\n'
    )
    return file


def _burned(folder: Path, command: Callable[[str], list[str]]) -> Run:
    # Runs a program with the port of a blank board.
    flash = FlashFile.create(folder / "flash.bin", size=4 << 20)
    board, clock = SerialBoard(flash, mac=f"{next(_macs):012x}"), ManualClock()
    with Rfc2217Port(board, pace=clock.advance) as port:
        _run(command(port.url))
    (folder / "flash.bin").unlink()
    counts = board.counts
    return Run(clock.monotonic(), counts.resets, counts.stubs, counts.bytes_read)


def _run(command: list[str]) -> None:
    environment = os.environ | {"PYTHONPATH": str(_QUICK)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command[2]} failed: {done.stdout}{done.stderr}")


def show(measured: Callable[[Path], list[tuple[str, str, str]]]) -> None:
    """Print the rows that `measured` returns: figure, value, goal. It gets a scratch folder."""
    with tempfile.TemporaryDirectory(prefix="alink-bench-") as name:
        table = Table("figure", "", "goal", box=None, pad_edge=False)
        for row in measured(Path(name)):
            table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    show(lambda folder: rows(measure(folder)))
