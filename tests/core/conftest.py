"""Core files are not imported by pytest: `runner.py` runs them on three interpreters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.runner import CoreFile


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> CoreFile:
    return CoreFile.from_parent(parent, path=module_path)
