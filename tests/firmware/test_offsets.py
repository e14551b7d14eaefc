"""The former partitions are read where the boards' tables put them: one truth for two readers."""

from __future__ import annotations

import re

import pytest

from alink_formats import board
from alink_sim import toolchain

SOURCE = (toolchain.firmware_dir() / "alink" / "boot" / "stock_copies.py").read_text("utf-8")
BOARDS = sorted(path.parent for path in toolchain.boards_dir().glob("*/board.json"))


def _constant(name: str) -> int:
    found = re.search(rf"^{name} = const\((0x[0-9A-F]+)\)", SOURCE, re.MULTILINE)
    assert found, f"stock.py has no {name}"
    return int(found[1], 16)


@pytest.mark.parametrize("folder", BOARDS, ids=lambda folder: folder.name)
def test_identity_lies_where_the_sdk_looks(folder) -> None:
    definition = board.load(folder)
    for size in definition.flash_sizes:
        ours, stock = (definition.fitted(size).table(name) for name in ("factory", "stock"))
        # With a stock image flashed over, the SDK only has the start of the vfs to count from.
        begin = stock.find("vfs").offset
        assert ours.find("fctry").offset == begin - _constant("_FCTRY")
        assert ours.find("cred").offset == begin - _constant("_CRED")
