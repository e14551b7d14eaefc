"""A board is a separate process; it ends with the process that switched it on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.board.conftest import Bench
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
HOST = """
import sys, time
from pathlib import Path
from alink_sim.board import Board
from tests import interpreters
directory, interpreter, serial = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "serial"
board = Board.create(
    directory, interpreter=interpreters.require(interpreter), layout="factory", identity=None,
    files={"/main.py": b"import time\\nprint('it runs')\\nwhile True:\\n    time.sleep(3600)"},
)
board.power_on(uart=(lambda data: None) if serial else None)
board.expect("it runs")
print("on", flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("port", ["none", "serial"])
def test_board_stops_when_host_is_killed(bench: Bench, tmp_path: Path, port: str) -> None:
    directory = tmp_path / "board"
    words = (str(directory), f"unix{bench.interpreter.word_bits}", port)
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with host:
        assert host.stdout
        assert host.stdout.readline() == "on\n"
        (board,) = _processes_in(directory)
        host.send_signal(signal.SIGKILL)
    eventually(lambda: board not in _processes_in(directory))


def _processes_in(directory: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == directory:
                    found.append(int(entry.name))
            except OSError:
                continue  # It has ended, or the number belongs to another process.
    return found
