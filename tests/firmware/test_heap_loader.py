"""`alink.heap`: a step leaves no name behind, lives for its call, and may fail."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alink_formats.bytecode import compile_mpy
from alink_sim import toolchain
from alink_sim.toolchain import Interpreter

# Each tells when it is loaded; `outer` loads two others at its top.
STEPS = {
    "room/inner": "print('inner')\ndef work(x):\n    return x + 1\n",
    "room/outer": (
        "from .. import heap\nprint('outer')\n"
        "inner = heap.load('room.inner')\nchip = heap.load('chip')\n"
        "def work(x):\n    return heap.load('room.inner').work(x) * 2\n"
    ),
    "room/chooses": (
        "from .. import heap\ndef work(x):\n    heap.load('room.stays', True)\n"
        "    return heap.call('room.outer', 'work', x)\n"
    ),
    "room/stays": "print('stays')\ndef work(x):\n    return x\n",
    "room/broken": "print('broken')\n1 / 0\n",
    "chip": "def work(x):\n    return -x\n",
}
HEAD = "import sys\nfrom alink import heap\n"


@pytest.fixture(params=["py", "mpy"])
def board(request: pytest.FixtureRequest, interpreter: Interpreter, tmp_path: Path):
    """Return a function that runs a program beside the steps, and returns its output."""
    package = tmp_path / "alink"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copy(toolchain.firmware_dir() / "alink" / "heap.py", package)
    for name, text in STEPS.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    if request.param == "mpy":
        for file in list(package.rglob("*.py")):
            name = toolchain.dotted(file.relative_to(tmp_path))
            file.with_suffix(".mpy").write_bytes(compile_mpy(file, name=name))
            file.unlink()

    def run(program: str) -> list[str]:
        (tmp_path / "main.py").write_text(HEAD + program, encoding="utf-8")
        done = subprocess.run(
            [*interpreter.command, "main.py"],
            cwd=tmp_path,
            env={"MICROPYPATH": ".:.frozen"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def test_steps_leave_no_names(board):
    program = (
        "import micropython\ndef work(step):\n    return heap.call(step, 'work', 3)\n"
        "work('room.stays')\nmicropython.qstr_info()\n"
        "work('room.inner'), work('room.outer'), work('chip')\nmicropython.qstr_info()\n"
    )
    counts = re.findall(r"n_qstr=(\d+)", "\n".join(board(program)))
    # Two are the short texts that these steps print. Imports would add nine.
    assert 0 <= int(counts[1]) - int(counts[0]) <= 2


def test_nested_steps_are_shared_and_dropped(board):
    program = "print(heap.call('room.outer', 'work', 3))\n" * 2
    assert board(program) == ["outer", "inner", "8"] * 2
    assert board("heap.call('room.outer', 'work', 3)\nprint(list(sys.modules))\n")[-1] in (
        "['alink', 'alink.heap']",
        "['alink.heap', 'alink']",
    )


def test_resident_step_is_loaded_once(board):
    program = "print(heap.call('room.chooses', 'work', 1))\n" * 2
    assert board(program) == ["stays", "outer", "inner", "4", "outer", "inner", "4"]


def test_failing_step_passes_its_error_and_leaves_nothing(board):
    program = """
import os
for step, error in (("room.broken", ZeroDivisionError), ("room.absent", ImportError)):
    try:
        heap.call(step, "work", 1)
    except error:
        print("raised")
    try:
        os.stat("/.alink")
    except OSError:
        print("unmounted")
    print(heap.call("room.inner", "work", 1), len(heap._loaded))
"""
    good = ["raised", "unmounted", "inner", "2 0"]
    assert board(program) == ["broken", *good, *good]


def test_traceback_names_the_room(board):
    program = """
try:
    heap.call("room.outer", "work", "text")
except TypeError as error:
    sys.print_exception(error, sys.stdout)
"""
    text = "\n".join(board(program))
    assert "in work" in text
    assert '"alink.room"' in text or "/.alink/step.py" in text
