"""The option --port: the tools that a person uses on a board, each in its real version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.board.esptool_runner import PTY, esptool
from tests.board.mpremote_runner import mpremote
from tests.waiting import PATIENCE
from tests.workbench.board_run import PROGRAM, Run, running

pytestmark = pytest.mark.interop

THONNY = Path(__file__).resolve().parents[2] / ".cache" / "thonny"

BACKEND = "thonny.plugins.micropython.bare_metal_backend"


def test_port_takes_mpremote_and_esptool(application: Path, tmp_path: Path):
    port = tmp_path / "port"
    port.symlink_to("/dev/pts/99999")  # Of a run that was killed.
    with running(application, "--port", port) as run:
        run.says("button 0 1")
        done = mpremote(port, "exec", "print(6 * 7)")
        assert (done.code, done.text.strip()) == (0, "42")
        run.type("download\n")
        run.says(f"esptool --port {port} --before no-reset --after no-reset flash-id; `reset`")
        done = esptool("--port", port, *PTY, "flash-id")
        assert done.code == 0, done.text
        assert "a0:b7:65:20:00:01" in done.text
        assert "Detected flash size: 4MB" in done.text
        run.type("reset\n")
        run.says("button 0 1")
    assert not port.is_symlink()


def test_rfc2217_port_has_reset_lines(application: Path):
    with running(application, "--port", "rfc2217") as run:
        url = run.says(r"serial port (rfc2217://\S+): mpremote")[1]
        run.says("button 0 1")
        done = esptool("--port", url, "--no-stub", "read-mac")
        assert "a0:b7:65:20:00:01" in done.text, done.text
        run.says("button 0 1")  # esptool has reset it.


def test_thonny_runs_a_script_on_the_port(application: Path, tmp_path: Path):
    port = tmp_path / "port"
    with running(application, "--port", port) as run:
        run.says("button 0 1")
        with thonny(port, tmp_path) as backend:
            backend.says("KeyboardInterrupt")
            backend.says("welcome_text='MicroPython, simulated board")
            backend.type(script("print(6 * 7)\n"))
            backend.says(r"stdout', data='42\\r\\n'")
            backend.type(script("import os; print(os.listdir())\n"))
            backend.says(r"main\.py")


@pytest.mark.parametrize(
    ("arguments", "orders", "sentence"),
    [
        (("--port", "FILE"), "", "is a file that exists: name a new path"),
        ((), "download\nquit\n", "board-1 has no serial port: start with --port PATH"),
    ],
)
def test_wrong_port_gets_a_sentence(
    application: Path, arguments: tuple[str, ...], orders: str, sentence: str
):
    file = application / "main.py"
    words = [str(file) if one == "FILE" else one for one in arguments]
    done = subprocess.run(
        [PROGRAM, "board", "run", application, *words],
        input=orders,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert sentence in done.stdout + done.stderr
    assert done.returncode == (0 if orders else 2)
    assert file.read_text().startswith("VERSION")


def script(source: str) -> str:
    """Return Thonny's message "run this script"."""
    return f"\x021 ToplevelCommand(source={source!r}, name='execute_source', argv=[])\n"


@contextmanager
def thonny(port: Path, home: Path) -> Iterator[Run]:
    """Start the program that Thonny's window starts for a board."""
    options = {
        "port": str(port),
        "clean": False,
        "interpreter": None,
        "cwd": "/",
        "submit_mode": None,
        "write_block_size": None,
        "write_block_delay": None,
        "interrupt_on_connect": True,
        "sync_time": False,
        "utc_clock": False,
        "validate_time": False,
        "restart_interpreter_before_run": False,
        "proxy_class": "GenericBareMetalMicroPythonProxy",
    }
    (stdin, keys), (output, stdout) = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", BACKEND, repr(options)],
        stdin=stdin,
        stdout=stdout,
        stderr=stdout,
        env={**os.environ, "PYTHONPATH": str(THONNY), "THONNY_USER_DIR": str(home)},
    )
    for end in (stdin, stdout):
        os.close(end)
    try:
        yield Run(process, output, keys)
    finally:
        process.kill()
        process.wait()
        for end in (output, keys):
            os.close(end)
