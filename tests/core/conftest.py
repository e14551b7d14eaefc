"""Core files are not imported by pytest: `tests/core_runner.py` runs them, three times each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core_runner import CoreFile


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> CoreFile:
    return CoreFile.from_parent(parent, path=module_path)
