"""`alink-sim board run`: one command from a folder to a board online, and orders to it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.workbench import project, scratch
from tests.board.mpremote_runner import mpremote
from tests.waiting import PATIENCE

PROGRAM = str(Path(sys.executable).with_name("alink-sim"))
MAIN = """
import time
from machine import Pin
button = Pin(4, Pin.IN)
print("button", button.value(), VERSION)
while not button.value():
    time.sleep_ms(50)
print("pressed at", time.time() // 86400, "days")
while True:
    time.sleep(1)
"""


class Run:
    """A running command; `says` waits for its output."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, keys: int) -> None:
        self.process = process
        self._keys = keys
        self._text = ""
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(output,), daemon=True).start()

    def type(self, text: str) -> None:
        os.write(self._keys, text.encode())

    def says(self, pattern: str) -> re.Match[str]:
        """Return the next match of a pattern in the output."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not (found := re.search(pattern, self._text)):
                left = end - time.monotonic()
                assert left > 0, f"no {pattern!r} in:\n{self._text}"
                assert not (self.process.poll() is not None and not self._changed.wait(1)), (
                    self._text
                )
                self._changed.wait(min(left, 1))
            self._text = self._text[found.end() :]
        return found

    def _read(self, output: int) -> None:
        while True:
            try:
                data = os.read(output, 4096)
            except OSError:  # A terminal whose other end has closed.
                return
            if not data:
                return
            with self._changed:
                self._text += data.decode(errors="replace")  # A read may split a character.
                self._changed.notify_all()


@contextmanager
def running(*arguments: str | Path, terminal: bool = False) -> Iterator[Run]:
    """Start the command, with pipes or at a terminal; end it with `quit`."""
    if terminal:
        output, stdin = pty.openpty()
        stdout, keys = stdin, output
    else:
        (stdin, keys), (output, stdout) = os.pipe(), os.pipe()
    # Ctrl-C is a signal to it, also where these tests run in the background and ignore it.
    leader = ["env", "--default-signal=INT", "setsid", "--ctty", "--wait"] if terminal else []
    process = subprocess.Popen(
        [*leader, PROGRAM, "board", "run", *map(str, arguments)],
        stdin=stdin,
        stdout=stdout,
        stderr=stdout,
        env={**os.environ, "COLUMNS": "200"},
    )
    for end in {stdin, stdout}:
        os.close(end)
    run = Run(process, output, keys)
    try:
        yield run
        run.type("quit\n")
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        for end in {output, keys}:
            os.close(end)


@pytest.fixture
def application(tmp_path: Path) -> Path:
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "main.py").write_text("VERSION = 1\n" + MAIN)
    return folder


def test_orders_reach_boards_and_files_reload(application: Path):
    with running(application, "--watch", "--count", "2", "--set", "pin4=0") as run:
        run.type("expect button\n")
        run.type("pin 4\n@board-2 pin 4 1\n@board-9 reset\nhonk\npin 4 7\ncloud set\nadc 9\n")
        run.says("board-1: pin 4 is 0\nboard-2: pin 4 is 0\n")
        for sentence in (
            "board is '9'|board is 'board-9'; the boards are board-1, board-2",
            "order is 'honk'; type `help`",
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
        run.type("\x03")
        run.says("KeyboardInterrupt")
        run.says(">>> ")
        run.type("6*7\r")
        run.says("42")
        run.type("\x04")
        run.says("soft reboot")
        run.says("button 0 1")


def test_serial_port_takes_mpremote(application: Path, tmp_path: Path):
    port = tmp_path / "port"
    with running(application, "--port", port) as run:
        run.says("button 0 1")
        done = mpremote(port, "exec", "print(6 * 7)")
        assert (done.code, done.text.strip()) == (0, "42")


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
        ([".", "--thing", "main.py"], "main.py is not a thing model"),
        ([".", "--platform", "nothing"], "no platform serves nothing"),
        ([".", "--board", "ESP33"], "boards/: ESP32_GENERIC, ESP32_GENERIC-OTA, ESP32_GENERIC_C3"),
    ],
)
def test_wrong_argument_gets_a_sentence(
    application: Path, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(application)
    done = CliRunner().invoke(cli.app, ["board", "run", *arguments])
    assert done.exit_code == 2
    assert sentence in done.output


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
