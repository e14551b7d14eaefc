"""Every test that docs/reference/vendor-page.md names exists; rows without one are counted."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "vendor-page.md"
NOT_SHOWN = ("Link SDK for C 4.x",)


def rows() -> list[list[str]]:
    """Return the cells of each row of the table, without its head."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_named_test_exists():
    for _, *_, tests in rows():
        for file, function in re.findall(r"`(tests/[^`:]+)::(test_\w+)`", tests):
            code = (ROOT / file).read_text(encoding="utf-8")
            assert f"def {function}(" in code, f"{file}::{function}"


def test_rows_without_a_test_are_counted():
    assert all(len(row) == 5 for row in rows())
    missing = [row[0] for row in rows() if "::" not in row[-1]]
    assert len(missing) == len(NOT_SHOWN)
    assert all(map(str.startswith, missing, NOT_SHOWN))
