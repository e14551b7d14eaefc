"""Pages whose rows name the tests that show them: each test exists, rows without one are known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alink_sim.board.interpreter import chip_memory

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
FIGURES = "ESP-IDF bytes free"
# Rows without a test, by page.
NOT_SHOWN = {
    "vendor-page.md": {"Link SDK for C 4.x"},
    "real-firmware.md": {
        "Texts of other TLS errors",
        "Wi-Fi joins in",
        "`gc.mem_alloc()` takes",
        "With an EC root",
    },
}


def tables(page: str) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, with the head and without the line below it."""
    found = re.findall(
        r"(?:^\|.*\n)+", (REFERENCE / page).read_text(encoding="utf-8"), re.MULTILINE
    )
    return [
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in table.splitlines()
            if not line.startswith("|---")
        ]
        for table in found
    ]


@pytest.mark.parametrize("page", NOT_SHOWN)
def test_each_row_names_an_existing_test(page: str):
    without = set()
    for head, *rows in tables(page):
        if head[0] == FIGURES:
            continue
        for row in rows:
            assert len(row) == len(head), row
            names = re.findall(r"`(tests/[^`:]+)::(test_\w+)`", row[-1])
            for file, function in names:
                code = (ROOT / file).read_text(encoding="utf-8")
                assert f"def {function}(" in code, f"{file}::{function}"
            if not names:
                without |= {start for start in NOT_SHOWN[page] if row[0].startswith(start)}
                assert row[0].startswith(tuple(NOT_SHOWN[page])), row[0]
    assert without == NOT_SHOWN[page]


def test_modeled_figures_are_those_of_the_model():
    (figures,) = [table for table in tables("real-firmware.md") if table[0][0] == FIGURES]
    for column, version in ((2, "1.26.1"), (4, "1.22.1")):
        assert figures[0][column - 1] == version
        shown = [int(row[column].replace(",", "")) for row in figures[1:]]
        assert shown == modeled(version)


def modeled(version: str) -> list[int]:
    """Return the free bytes that the blocks of a version leave, in the order of the page."""
    memory = chip_memory.of(f"chip {version}")
    assert memory
    start = sum(free for _, free, _ in memory.regions)
    joined = start - sum(memory.wifi)
    before, stays, after = memory.tls_handshake
    kept = sum((*memory.tls_context, *memory.tls_ca, *memory.tls_wrap, stays))
    session = joined - kept
    fewest = session - before - after
    doubled = session - memory.first_area - 16  # ESP-IDF's header of the block.
    return [start, joined, session, fewest, fewest - kept, doubled]
