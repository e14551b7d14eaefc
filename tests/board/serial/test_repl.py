"""MicroPython behind the serial port: boot messages, Ctrl-C, and the real mpremote."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from alink_sim.board import Board, BoardProgram, burn, firmware_image
from alink_sim.board.serial import PtyPort, SerialBoard
from alink_sim.toolchain import Interpreter
from tests.board.mpremote_runner import mpremote
from tests.waiting import eventually

pytestmark = pytest.mark.interop

MAIN = b"""
import time
print("main.py runs")
while True:
    time.sleep_ms(500)
"""


@pytest.fixture
def board(tmp_path: Path, interpreter: Interpreter) -> Board:
    return _burned(tmp_path / "board", interpreter)


def _burned(folder: Path, interpreter: Interpreter, *, heap: str = "56wk") -> Board:
    """Return a board with a firmware and MAIN in its flash."""
    made = Board.blank(folder, interpreter=interpreter, heap=heap)
    burn(made.flash, made.definition, layout="factory", identity=None, files={"/main.py": MAIN})
    table = made.definition.table("factory")
    image = firmware_image.published(made.definition, table=table)
    made.flash.burn(made.definition.firmware_offset, image)
    return made


@contextmanager
def _plugged(board: Board, folder: Path) -> Iterator[Path]:
    with PtyPort(
        SerialBoard(board.flash, program=BoardProgram(board)), folder / "port", download=False
    ) as port:
        yield port.path


def test_mpremote_interrupts_main_and_runs_code(board: Board, tmp_path: Path):
    with _plugged(board, tmp_path) as port:
        board.expect("main.py runs")
        done = mpremote(port, "resume", "exec", "print(6 * 7)")
        assert done.text == "42\n"
        assert done.code == 0
        board.expect("KeyboardInterrupt")


def test_mpremote_copies_files_into_the_flash(board: Board, tmp_path: Path):
    content = random.Random(1).randbytes(20_000)
    local = tmp_path / "data.bin"
    local.write_bytes(content)
    with _plugged(board, tmp_path) as port:
        done = mpremote(
            port, "mkdir", ":lib", "+", "cp", local, ":lib/data.bin", "+", "sha256sum",
            ":lib/data.bin",
        )  # fmt: skip
    assert done.code == 0, done.text
    assert hashlib.sha256(content).hexdigest() in done.text
    assert board.vfs_files() == {"/main.py": MAIN, "/lib/data.bin": content}


def test_exception_is_exit_code_one(board: Board, tmp_path: Path):
    with _plugged(board, tmp_path) as port:
        done = mpremote(port, "exec", "1/0")
    assert done.code == 1
    assert "ZeroDivisionError" in done.text


def test_soft_reset_runs_boot_and_clears_names(board: Board, tmp_path: Path):
    with _plugged(board, tmp_path) as port:
        kept = mpremote(port, "exec", "x = 1", "resume", "exec", "print(x)")
        assert kept.text == "1\n"
        gone = mpremote(port, "soft-reset", "exec", "print(x)")
    assert gone.code == 1
    assert "NameError" in gone.text
    assert [line.text for line in board.lines].count("main.py runs") == 1


def test_reset_runs_main_again(board: Board, tmp_path: Path):
    with _plugged(board, tmp_path) as port:
        board.expect("main.py runs")
        assert mpremote(port, "reset").code == 0
        board.expect("SW_CPU_RESET")
        board.expect("main.py runs")


def test_nvs_written_by_repl_is_in_flash(board: Board, tmp_path: Path):
    code = "import esp32; n = esp32.NVS('alink'); n.set_blob('k', b'v'); n.commit()"
    with _plugged(board, tmp_path) as port:
        assert mpremote(port, "exec", code).code == 0
    assert [(r.namespace, r.key, r.value) for r in board.nvs()] == [("alink", "k", b"v")]


def test_friendly_mode_has_prompts_and_continues(board: Board):
    said = bytearray()
    serial = SerialBoard(board.flash, program=BoardProgram(board))
    serial.output = said.extend
    serial.reset(download=False)
    board.expect("main.py runs")
    serial.feed(b"\x03")
    eventually(lambda: said.endswith(b">>> "), board)
    for typed, shown in (
        (b"for n in range(2):\r", b"... "),
        (b'  print("two)", n)\r', b"... "),
        (b"\r", b"\r\ntwo) 0\r\ntwo) 1\r\n>>> "),
        (b"import sys; sys.ps1 = 'board> '\r", b"board> "),
        (b"sum([1,\r", b"... "),
        (b"2])\r", b"\r\n3\r\nboard> "),
        (b"formatted = 1; formatted\r", b"\r\n1\r\nboard> "),
    ):
        said.clear()
        serial.feed(typed)
        eventually(partial(said.endswith, shown), board)
    serial.power_off()


def test_board_without_firmware_prints_boot_error(tmp_path: Path, interpreter: Interpreter):
    said = bytearray()
    board = Board.blank(tmp_path / "board", interpreter=interpreter)
    serial = SerialBoard(board.flash, program=BoardProgram(board))
    serial.output = said.extend
    serial.reset(download=False)
    serial.power_off()
    assert b"invalid header: 0xffffffff\r\n" in said
    assert board.lines == []


def test_mounted_folder_is_read_and_written(tmp_path: Path, interpreter: Interpreter):
    board = _burned(tmp_path / "board", interpreter, heap="112wk")  # mpremote's code takes 30 KB.
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "sensor.py").write_text("VALUE = 6 * 7\nprint('sensor of the computer')\n")
    content = bytes(range(256)) * 3  # Ctrl-C and line ends among them.
    (folder / "data.bin").write_bytes(content)
    code = (
        "import sensor; print(sensor.VALUE)\n"
        "data = open('data.bin', 'rb').read(); print(len(data), data == bytes(range(256)) * 3)\n"
        "open('copy.bin', 'wb').write(data)\n"
        "import os; print(sorted(os.listdir()))"
    )
    with _plugged(board, tmp_path) as port:
        done = mpremote(port, "mount", folder, "exec", code)
        assert done.code == 0, done.text
        for line in ("sensor of the computer", "42", "768 True", "'copy.bin', 'data.bin'"):
            assert line in done.text
        assert (folder / "copy.bin").read_bytes() == content
        assert mpremote(port, "exec", "print(6 * 7)").text == "42\n"
    assert board.vfs_files() == {"/main.py": MAIN}


def test_mpremote_edits_and_asks_the_board(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EDITOR", "sed -i s/runs/ran/")
    with _plugged(board, tmp_path) as port:
        done = mpremote(
            port, "edit", ":main.py", "+", "df", "+", "rtc", "--set", "+", "rtc", "+",
            "sha256sum", ":main.py",
        )  # fmt: skip
        assert done.code == 0, done.text
        edited = MAIN.replace(b"runs", b"ran")
        assert hashlib.sha256(edited).hexdigest() in done.text
        assert re.search(r"filesystem +size +used +avail", done.text), done.text
        assert "/rom" not in done.text  # It is on the computer.
        assert re.search(r"\(20\d\d, \d+, ", done.text), done.text
        romfs = mpremote(port, "romfs", "query")
        assert "ROMFS is not enabled on this device" in romfs.text  # As of a stock image.
    assert board.vfs_files() == {"/main.py": edited}
