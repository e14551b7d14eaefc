"""`alink-sim board run`: one command from a folder to a board online, and orders to it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.workbench import command, project, scratch
from alink_sim.workbench.orders import ExpectationError, OrderError, Orders
from alink_sim.workbench.terminal import Terminal
from tests.waiting import PATIENCE
from tests.workbench.board_run import MAIN, PROGRAM, running


def test_orders_reach_boards_and_files_reload(application: Path):
    with running(application, "--watch", "--count", "2", "--set", "pin4=0") as run:
        run.type("expect button\n")
        run.type("pin 4\n@board-2 pin 4 1\n@board-9 reset\nhonk\npin 4 7\ncloud set\nadc 9\n")
        run.says("board-1: pin 4 is 0\nboard-2: pin 4 is 0\n")
        for sentence in (
            "board is '9'|board is 'board-9'; the boards are board-1, board-2",
            "order is 'honk'; use adc, clock, cloud",
            "level is '7'; use 0, 1 or float",
        ):
            run.says(sentence)
        run.says(r"board-2\| pressed at 0 days")
        run.type("clock +3d\npin 4 1\n")
        run.says(r"board-1\| pressed at 3 days")
        (application / "main.py").write_text("VERSION = 22\n" + MAIN)
        run.says("a file has changed: the boards restart")
        run.says("button 1 22")


def test_ctrl_c_opens_the_repl(application: Path):
    with running(application, terminal=True) as run:
        run.says("button 0 1")
        run.type("pin 4\n")
        run.says("board-1: pin 4 is 0")
        run.type("pin four\nexpect\nquiet\ncloud call Reboot {a\n")
        run.says("the number is 'four'; write that of a pin or a UART, such as 4")
        run.says("'expect' lacks a word; type `help` for the form")
        run.says("order is 'quiet'; did you mean quit")
        run.says("the inputs are '{a'; write JSON")
        run.type("\x03")
        run.says("KeyboardInterrupt")
        run.says(">>> ")
        run.type("6*7\r")
        run.says("42")
        run.type("\x04")
        run.says("soft reboot")
        run.says("button 0 1")


def test_served_platform_and_power_cut(tmp_path: Path):
    project.write(tmp_path / "thermostat")
    state = tmp_path / "state"
    serving = subprocess.Popen(
        [PROGRAM, "platform", "--state", str(state), "--mqtt-port", "0", "--mqtt-tls-port", "0"],
        stdout=subprocess.PIPE,
    )
    assert serving.stdout
    serving.stdout.readline()
    try:
        with running(
            tmp_path / "thermostat", "--platform", state, "--cut-at", "3", "--set", "adc34=0.7"
        ) as run:
            run.says("power failed in flash operation 3; `power on` starts it again")
            run.type("power on\n")
            run.says("power failed")
    finally:
        serving.terminate()
        serving.wait()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere has no main.py: name the folder of your application"),
        ([".", "--set", "pin=1"], "setting is 'pin=1'; write pin4=1 or adc34=1.2"),
        ([".", "--set", "adc34=high"], "volts is 'high'; write a number, such as 1.2"),
        ([".", "--set", "adc34=nan"], "volts is 'nan'; write a number, such as 1.2"),
        ([".", "--thing", "main.py"], "main.py is not a thing model"),
        ([".", "--platform", "nothing"], "no platform serves nothing"),
        ([".", "--board", "ESP33"], "boards/: use ESP32_GENERIC, ESP32_GENERIC-OTA,"),
    ],
)
def test_wrong_argument_gets_a_sentence(
    application: Path, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(application)
    done = CliRunner().invoke(cli.app, ["board", "run", *arguments])
    assert done.exit_code == 2
    assert sentence in done.output


class _Unmet:
    def run(self, text: str) -> str:
        raise (ExpectationError if text.startswith("expect") else OrderError)(text)


def test_failed_expect_is_exit_code_one(application: Path, monkeypatch: pytest.MonkeyPatch):
    for order, failed in (("pin 99", False), ("expect online", True)):
        terminal = Terminal(1)
        terminal.carry_out(cast(Orders, _Unmet()), order)
        assert terminal.failed == failed
    for met, code in ((True, 0), (False, 1)):
        monkeypatch.setattr(command, "_run", lambda *_, met=met, **__: met)
        assert CliRunner().invoke(cli.app, ["board", "run", str(application)]).exit_code == code


def test_folder_of_killed_run_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, begins = tmp_path / "alink-board-left", tmp_path / "alink-board-begins"
    for folder in (left, begins):
        folder.mkdir()
    (left / "lock").touch()
    with scratch.scratch() as first, scratch.scratch() as second:
        assert first.is_dir()
        assert second.is_dir()
        assert (left.exists(), begins.exists()) == (False, True)
    assert [*tmp_path.iterdir()] == [begins]


def test_new_project_passes_its_own_tests(tmp_path: Path):
    folder = tmp_path / "fan"
    project.write(folder)
    assert (folder / ".github" / "workflows" / "firmware.yml").is_file()
    with pytest.raises(project.ProjectError, match="exists and is not empty"):
        project.write(folder)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "2 passed" in done.stdout, done.stdout
