"""A line without hardware: batches in a folder, simulated boards on ports, the real esptool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_factory.board.mpremote import Mpremote
from tests.factory.repl_board import ReplBoard
from tests.factory.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.close()


@pytest.fixture
def repl_board(monkeypatch: pytest.MonkeyPatch) -> ReplBoard:
    """The board on every port that mpremote opens."""
    made = ReplBoard()
    for name in ("look", "store", "copy", "reset"):
        method = getattr(made, name)
        monkeypatch.setattr(Mpremote, name, lambda _, *a, _m=method, **k: _m(*a, **k))
    return made


@pytest.fixture
def quick_rfc2217(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the programs of a test wait for the answers of a network port, and not longer.

    tests/factory/job/test_job.py and tests/board/serial keep the pauses of pyserial.
    """
    folders = [str(Path(__file__).with_name("quick_rfc2217")), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
