from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this checkout, built offline."""
    folder = tmp_path_factory.mktemp("wheel")
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT),
    ]
    # fmt: on
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))
