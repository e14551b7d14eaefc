"""The folder that images pass through: private, and gone also after a crash."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from alink_factory.board import file_lock
from alink_factory.board import scratch as scratch_module
from alink_factory.board.scratch import scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_is_private_and_removed_at_the_end(temporary):
    with scratch() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "image").write_bytes(b"secret")
    assert list(temporary.iterdir()) == []


def test_next_run_removes_folder_of_killed_program(temporary):
    code = (
        "import os, tempfile\n"
        f"tempfile.tempdir = {str(temporary)!r}\n"
        "from alink_factory.board.scratch import scratch\n"
        "with scratch() as folder:\n"
        "    (folder / 'image').write_bytes(b'secret')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (left,) = temporary.iterdir()
    assert (left / "image").exists()
    with scratch() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_folder_of_running_program_is_kept(temporary):
    with scratch() as mine, scratch() as other:
        assert sorted(temporary.iterdir()) == sorted([mine, other])


def test_folder_removed_before_its_lock_is_replaced(temporary, monkeypatch):
    # Another program starts between the open and the lock of this one.
    removals = iter([scratch_module._remove_abandoned])

    def interrupted(lock: int, *, waits: bool) -> None:
        for remove in removals:
            remove()
        acquire(lock, waits=waits)

    acquire = file_lock.acquire
    scratch_module._remove_abandoned()
    monkeypatch.setattr(scratch_module, "_remove_abandoned", lambda: None)
    monkeypatch.setattr(file_lock, "acquire", interrupted)
    with scratch() as folder:
        assert list(temporary.iterdir()) == [folder]
        assert (folder / "lock").exists()
