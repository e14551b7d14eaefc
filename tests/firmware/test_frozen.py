"""A frozen SDK: its list of names is complete, and a board with it comes online."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alink_sim import toolchain
from benchmarks import budget, frozen
from tests.setup.test_lifetimes import STEPS, TREES


def test_names_are_those_of_all_modules():
    text = (toolchain.firmware_dir() / "frozen_names.py").read_text("utf-8")
    named = set(re.findall(r"^    import ([\w.]+)", text, re.MULTILINE))
    steps = {f"alink.heap.{name.rpartition('.')[2]}" for name in STEPS}
    # `alink.utc` is a step of the SDK, and programs import it.
    assert named == steps | (TREES.keys() - set(STEPS)) | {"alink.utc"}
    assert all(f"import {name} as {name[11:]}\n" in text for name in steps)


def test_frozen_board_registers_and_keeps_little_heap(tmp_path: Path):
    reason = toolchain.missing_reason("chip32")
    if reason:
        pytest.skip(reason=f"chip32: {reason}")
    assert frozen.online(tmp_path) <= budget.limit("heap.frozen")
