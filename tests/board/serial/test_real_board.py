"""The lane of a real board: `pytest --alink-port PORT` against a simulated board on a port."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from alink_sim.board import Board, BoardProgram, burn, firmware_image, sdk_files
from alink_sim.board.serial import PtyPort, SerialBoard
from alink_sim.real_board import RealBoard
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


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
def test_lane_runs_the_tests_of_a_user(interpreter: Interpreter, tmp_path: Path):
    board = Board.blank(tmp_path / "board", interpreter=interpreter, heap="256wk")
    # With the SDK on it, mpremote has little to copy.
    burn(board.flash, board.definition, layout="stock", identity=None, files=sdk_files())
    table = board.definition.table("stock")
    image = firmware_image.published(board.definition, table=table)
    board.flash.burn(board.definition.firmware_offset, image)
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "test_user.py").write_text(textwrap.dedent(TESTS))
    (folder / "pytest.ini").write_text("[pytest]\n")
    program = SerialBoard(board.flash, program=BoardProgram(board))
    inherited = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    with PtyPort(program, tmp_path / "port", download=False) as port:
        # fmt: off
        command = [
            sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist",
            "--alink-port", str(port.path),
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
    assert "1 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "heap is a setting of a simulated board" in done.stdout


def test_pin_of_a_real_board_skips_the_test():
    board = RealBoard("/dev/absent", device_name="dev-1")
    with pytest.raises(pytest.skip.Exception, match=r"board\.pin needs a simulated board"):
        board.pin(4)
    assert board.tail() == "  (nothing)"
    assert (board.lines, board.ended) == ([], "")
    assert not hasattr(board, "_private")
