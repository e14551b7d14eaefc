"""The lane of a real board: `pytest --alink-port PORT` against a simulated board on a port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alink_sim.board import Board, BoardProgram, burn, firmware_image, sdk_files
from alink_sim.board.serial import PtyPort, SerialBoard
from alink_sim.real_board import RealBoard, RealFlash
from alink_sim.toolchain import Interpreter
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop

TESTS = """
import pytest

MAIN = '''
from alink import Device

device = Device.from_flash()
device.connect()
device.post_properties({"t": 1})
print("posted")
device.loop()
'''

@pytest.fixture
def board(factory_flash):
    return factory_flash(main=MAIN)

def test_board_registers_and_posts(iot_platform, board):
    assert iot_platform.events(kind="registered") == []
    board.power_on()
    iot_platform.expect("property_posted", device_name=board.device_name)
    board.expect("posted")

def test_heap_is_a_setting_of_the_simulated_board(factory_flash):
    factory_flash(heap="56wk")
"""


# Scenarios of tests/sim, and how each one ends on a lane.
SCENARIOS = (
    "tests/sim/session/test_rrpc.py::test_synchronous_service_gets_its_reply",
    "tests/sim/session/test_thing.py::test_unknown_service_is_refused",
    "tests/sim/boot/test_clock.py::test_clock_is_set_before_tls",
    "tests/sim/boot/test_duplicate_names.py::test_second_board_of_one_name_raises_alert",
)
ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def port(interpreter: Interpreter, folder: Path, **options: Any) -> Iterator[Path]:
    """Yield the port of a board with stock MicroPython and, so that little is copied, the SDK."""
    board = Board.blank(folder / "board", interpreter=interpreter, heap="256wk", **options)
    burn(board.flash, board.definition, layout="stock", identity=None, files=sdk_files())
    table = board.definition.table("stock")
    image = firmware_image.published(board.definition, table=table)
    board.flash.burn(board.definition.firmware_offset, image)
    program = SerialBoard(board.flash, program=BoardProgram(board))
    with PtyPort(program, folder / "port", download=False) as plugged:
        yield plugged.path


def run(folder: Path, port: Path, *options: str) -> str:
    """Run pytest in a folder on the board at a port; return what it printed."""
    inherited = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    # fmt: off
    command = [
        sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-n", "0",
        "--alink-port", str(port), *options,
    ]
    # fmt: on
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=inherited,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
def test_lane_runs_the_tests_of_a_user(interpreter: Interpreter, tmp_path: Path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "test_user.py").write_text(textwrap.dedent(TESTS))
    (folder / "pytest.ini").write_text("[pytest]\n")
    with port(interpreter, tmp_path) as path:
        said = run(folder, path)
    assert "1 passed, 1 skipped" in said, said
    assert "heap is a setting of a simulated board" in said


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
def test_lane_runs_scenarios_over_wifi(interpreter: Interpreter, tmp_path: Path):
    # The board joins this network only, and knows one name of this computer only.
    network = {"wifi": ("lab", "pass:word"), "hosts": ("localhost 127.0.0.1",)}
    options = ("--alink-wifi", "lab:pass:word", "--alink-host", "localhost")
    with port(interpreter, tmp_path, **network) as path:
        said = run(ROOT, path, *options, *SCENARIOS)
    assert re.search(r"\b2 passed, \d+ skipped", said), said
    for why in (
        "the time of a board of a lane cannot be turned",
        "board.files needs a simulated board; --alink-port runs another one",
        "the board of a lane has its own MicroPython: once is enough",
    ):
        assert why in said, said


def test_pin_of_a_real_board_skips_the_test():
    board = RealBoard("/dev/absent", device_name="dev-1")
    with pytest.raises(
        pytest.skip.Exception, match=r"board\.pin needs a simulated board; --alink-port"
    ):
        board.pin(4)
    assert board.tail() == "  (nothing)"
    assert (board.lines, board.ended) == ([], "")
    assert not hasattr(board, "_private")


def test_second_board_and_other_table_skip_the_test():
    flash = RealFlash(platform=None, product=None, ntp_port=0, scratch=Path())  # type: ignore[arg-type]
    with pytest.raises(pytest.skip.Exception, match="layout factory is a setting of a simulated"):
        flash.check_settings("factory")
    flash.boards.append(RealBoard("/dev/absent", device_name="dev-1"))
    with pytest.raises(pytest.skip.Exception, match="it needs a second board"):
        flash.check_settings(None)
