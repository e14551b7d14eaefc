"""A run that is killed leaves nothing that breaks the next: no process, no folder, no port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alink_sim.workbench import project
from tests.waiting import PATIENCE, eventually
from tests.workbench.board_run import running

WAITS = """
import os
from pathlib import Path

def test_waits(board):
    board.power_on()
    board.expect("alink: online")
    Path("ready.new").write_text(str(os.getpid()))
    Path("ready.new").rename("ready")
    board.expect("never")
"""
RUNS = {
    "pytest": ("-p", "no:xdist"),
    "controller": ("-n", "1"),
    "worker": ("-n", "1", "--max-worker-restart", "0"),
}


def processes(folder: Path) -> list[int]:
    """Return the interpreters of boards below a folder."""
    wanted = f"ALINK_BOARD={folder}/".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:  # It has ended meanwhile, or is another user's.
            continue
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of the runs in a test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    for name in [name for name in os.environ if name.startswith("PYTEST")]:
        monkeypatch.delenv(name)
    return folder


def kill(command: list[str], fan: Path, whom: str, temporary: Path) -> None:
    """Start tests and kill a process of theirs while a board is online; await the board's end."""
    ready = fan / "ready"
    run = subprocess.Popen(command, cwd=fan, stdout=subprocess.PIPE)
    eventually(lambda: ready.exists() or run.poll() is not None)
    assert ready.exists(), run.communicate()
    assert processes(temporary)
    os.kill(run.pid if whom == "controller" else int(ready.read_text()), signal.SIGKILL)
    said = run.communicate(timeout=PATIENCE)[0].decode()
    assert whom != "worker" or "crashed" in said
    eventually(lambda: not processes(temporary))
    ready.unlink()


def test_killed_pytest_leaves_the_next_run_whole(tmp_path: Path, temporary: Path):
    fan = tmp_path / "fan"
    project.write(fan)
    (fan / "tests" / "test_waits.py").write_text(WAITS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    for whom, options in RUNS.items():
        kill([*command, *options, "tests/test_waits.py"], fan, whom, temporary)
    done = subprocess.run(
        [*command, "-n", "1", "tests/test_firmware.py", "-k", "heated"],
        cwd=fan,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_killed_board_run_frees_port_and_folder(
    application: Path, tmp_path: Path, temporary: Path
):
    port = tmp_path / "port"
    with running(application, "--port", port, ends=False) as run:
        run.says("button 0 1")
        run.process.kill()
    eventually(lambda: not processes(temporary))
    [left] = temporary.glob("alink-board-*")
    assert port.is_symlink()
    with running(application, "--port", port) as run:
        run.says("button 0 1")
        assert not left.exists()
    assert not port.is_symlink()
