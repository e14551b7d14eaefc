"""An application in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.board_run import MAIN


@pytest.fixture
def application(tmp_path: Path) -> Path:
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "main.py").write_text("VERSION = 1\n" + MAIN)
    return folder
