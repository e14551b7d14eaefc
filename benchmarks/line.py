"""The production line: eight ports relative to one, and its start time relative to esptool.

Each simulated board is a process, and transfers bytes as slowly as 921,600 baud do. 1.0 would be
eight boards in the time of one. `python -m benchmarks.line` measures this alone.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alink_sim.board import FlashFile
from alink_sim.board.serial import PtyPort, SerialBoard
from benchmarks import one_board

BAUD = 921_600
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
        (
            f"eight boards on eight ports at {BAUD} baud over the slowest alone",
            f"{speed.eight_ports:.2f}",
            "goal 1.15",
        ),
        ("start of alink-burn over that of esptool", f"{speed.start:.2f}", "goal 2.0"),
    ]


def _batch(folder: Path) -> Path:
    file = folder / "bench.toml"
    file.write_text(
        '[product]\nkey = "a1Bench"\nsecret = "file:product.secret"\n'
        f'[board]\nbaud = {BAUD}\n[device_name]\nscheme = "mac"\n'
        f"[rows]\ncount = 100\n{one_board.firmware(folder)}\n"
    )
    (folder / "product.secret").write_text("Bench0Secret0001")
    return file


def _seconds(batch: Path, folder: Path, boards: list[int]) -> float:
    # Wall time of `alink-burn run` with these boards plugged in, without its start.
    command = [sys.executable, "-m", "alink_factory", "run", str(batch), "--json"]
    left, began = len(boards), 0.0
    with _plugged(folder, boards) as paths:
        for path in paths:
            command += ["--port", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                began = began or time.monotonic()
                left -= '"result": "done"' in line
                if not left:
                    ended = time.monotonic()
                    process.terminate()
                    break
    return ended - began


@contextmanager
def _plugged(folder: Path, boards: Sequence[int]) -> Iterator[list[Path]]:
    # Each board in a process, so that no board waits for the interpreter of another one.
    paths = [folder / f"tty-{number}" for number in boards]
    processes = [
        multiprocessing.Process(target=_serve, args=(folder, number), daemon=True)
        for number in boards
    ]
    for process in processes:
        process.start()
    while not all(path.is_symlink() for path in paths):
        time.sleep(0.05)
    yield paths
    for process in processes:
        process.terminate()
        process.join()


def _serve(folder: Path, number: int) -> None:
    flash = FlashFile.create(folder / f"flash-{number}.bin", size=4 << 20)
    board = SerialBoard(flash, mac=f"a0b7650000{number:02x}")
    with PtyPort(board, folder / f"tty-{number}", pace=time.sleep):
        time.sleep(3600)


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


if __name__ == "__main__":
    one_board.show(lambda folder: rows(measure(folder)))
