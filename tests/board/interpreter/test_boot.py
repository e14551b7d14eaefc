"""The steps between power-on and main.py, and the files that firmware cannot see."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_formats.bytecode import compile_mpy, dotted
from alink_sim import toolchain
from alink_sim.board import Board, BoardError
from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, printed, wait_until_waiting


def test_boot_py_runs_before_main_py(bench: Bench):
    assert bench.run("print('main', __name__)", files={"/boot.py": b"print('boot')"}) == [
        "boot",
        "main __main__",
    ]


def test_board_in_relative_folder_boots(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    main = {"/main.py": b"print('here')"}
    with Board.create(
        Path("lamp"), interpreter=bench.interpreter, identity=None, files=main
    ) as board:
        assert printed(board) == ["here"]


def test_module_in_vfs_is_imported(bench: Bench):
    files = {"/lib/there.py": b"answer = 42", "/here.py": b"answer = 43"}
    main = "import there, here; print(there.answer, here.answer)"
    assert bench.run(main, files=files) == ["42 43"]


def test_exception_in_main_prints_traceback_and_crashes(bench: Bench):
    board = bench.board("def f():\n    raise OSError(116)\nf()")
    board.power_on()
    assert board.wait() == "crashed"
    assert board.lines[-1].text == "OSError: 116" or "OSError" in board.lines[-1].text
    assert any('File "main.py", line 2, in f' in line.text for line in board.lines)


def test_traceback_has_lines_of_user_modules(bench: Bench):
    files = {
        "/fan.py": b"def start(text):\n    raise OSError(text)\n",
        "/lib/alink/__init__.py": b"",
    }
    # As every burn compiles the SDK.
    source = toolchain.firmware_dir() / "alink" / "errors.py"
    files["/lib/alink/errors.mpy"] = compile_mpy(source, name=dotted(Path("alink/errors.py")))
    board = bench.board(
        """\
        import fan
        from alink.errors import safely

        def speed():
            raise ValueError

        safely(fan.start, "the fan", speed)
        """,
        files=files,
    )
    board.power_on()
    assert board.wait() == "crashed"
    frames = [line.text.strip() for line in board.lines if line.text.startswith("  File")]
    assert frames[-3:] == [
        'File "main.py", line 7, in <module>',
        'File "alink.errors", line 1, in safely',  # No line numbers in the SDK.
        'File "fan.py", line 2, in start',
    ]


def test_sys_exit_ends_the_firmware_without_a_crash(bench: Bench):
    assert bench.run("import sys; print(1); sys.exit(3); print(2)") == ["1"]


def test_host_file_system_is_invisible(bench: Bench):
    lines = bench.run(
        """
        import os, sys
        print(sorted(os.listdir("/")), os.getcwd(), sys.path)
        for path in ("/etc/passwd", "/usr/bin", "/rom/../main.py"):
            try:
                os.stat(path)
                print("found", path)
            except OSError as error:
                print(error.errno)
        """
    )
    assert lines == ["['main.py', 'rom'] / ['', '/rom', '.frozen', '/lib']", "2", "2", "2"]


def test_umqtt_in_rom_is_read_only(bench: Bench):
    lines = bench.run(
        """
        import usocket, socket, umqtt.simple
        print(usocket is socket, umqtt.simple.MQTTClient.__name__)
        try:
            open("/rom/umqtt/simple.mpy", "w")
        except OSError as error:
            print("refused", error.errno)
        """
    )
    assert lines == ["True MQTTClient", "refused 30"]


def test_blank_vfs_is_formatted(bench: Bench):
    board = bench.board("")
    vfs = board.table().find("vfs")
    for sector in range(vfs.offset, vfs.end, 4096):
        board.flash.erase(sector)
    assert printed(board) == []
    assert board.vfs_files() == {}


def test_damaged_vfs_is_reported_not_formatted(bench: Bench):
    board = bench.board("print('never')")
    board.flash.write(board.table().find("vfs").offset, bytes(8192))
    board.power_on()
    assert board.wait() == "crashed"
    assert [line.text for line in board.lines] == ["The filesystem appears to be corrupted."]


def test_host_reads_vfs_written_by_micropython(bench: Bench):
    board = bench.board(
        """
        import os
        os.mkdir("/data")
        with open("/data/a.bin", "wb") as file:
            for number in range(100):
                file.write(bytes((number,)) * 100)
        os.rename("/data/a.bin", "/data/b.bin")
        os.remove("/gone")
        """,
        files={"/gone": b"x"},
    )
    printed(board)
    files = board.vfs_files()
    assert set(files) == {"/main.py", "/data/b.bin"}
    assert files["/data/b.bin"] == b"".join(bytes((number,)) * 100 for number in range(100))


def test_unclosed_file_is_lost_at_reset(bench: Bench):
    board = bench.board(
        """
        import machine
        if machine.reset_cause() == 1:
            file = open("/log", "w")
            file.write("lost")
            machine.reset()
        """
    )
    printed(board)
    assert board.vfs_files().get("/log", b"") == b""


def test_expect_returns_one_line_after_the_other(bench: Bench):
    board = bench.board("for number in range(3): print('line', number)")
    board.power_on()
    assert [board.expect("line").text for _ in range(3)] == [
        "line 0",
        "line 1",
        "line 2",
    ]
    with pytest.raises(BoardError, match=r"(?s)no line with 'line': the board halted.*line 2"):
        board.expect("line")


def test_endless_wait_differs_from_ended_board(bench: Bench):
    board = bench.board("import time\nprint('up')\ntime.sleep(1000000)")
    board.power_on()
    board.expect("up")
    with pytest.raises(BoardError, match="still runs"):
        board.wait(timeout=0)
    board.power_off()
    with pytest.raises(BoardError, match="the board is off"):
        board.wait(timeout=0)


def test_too_small_heap_is_a_crash(bench: Bench):
    board = bench.board("x = bytearray(120000)")
    board.power_on()
    assert board.wait() == "crashed"
    assert "MemoryError" in board.lines[-1].text


def test_output_lines_have_time_since_power_on(bench: Bench):
    board: Board = bench.board("print('a')\nprint('b')")
    printed(board)
    first, second = board.lines
    assert 0 < first.at <= second.at


def test_new_start_replaces_file_of_last_wait(bench: Bench, tmp_path: Path):
    # A test's clock may read the file at that moment: it finds the old wait or the new one.
    clock = ManualClock(tmp_path / "clock")
    board = bench.board("import time\ntime.sleep(1000)", clock=clock)
    board.power_on()
    until = wait_until_waiting(board, "sleep")
    with (board.directory / "waiting").open("rb") as seen:
        board.power_off()
        board.power_on()
        assert int.from_bytes(seen.read(8), "little") == until
