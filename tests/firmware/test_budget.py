"""No size and no heap figure gets worse than the recorded one by more than 5 %."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_sim import toolchain
from benchmarks import budget, heap


def test_no_figure_gets_worse(tmp_path: Path) -> None:
    reason = toolchain.missing_reason("chip32")
    if reason:
        pytest.skip(reason=f"chip32: {reason}")
    assert budget.worse(budget.measure_device(tmp_path)) == []


def test_gateway_fits_its_recorded_heap(tmp_path: Path) -> None:
    reason = toolchain.missing_reason("chip32")
    if reason:
        pytest.skip(reason=f"chip32: {reason}")
    heap.compile_all(tmp_path)
    with heap.gateway_boots(tmp_path) as works:
        # One run: to find the smallest heap takes minutes.
        assert works(budget.limit("heap.gateway"))


def test_a_figure_that_got_worse_is_a_sentence(tmp_path: Path) -> None:
    recorded = budget.RECORDED.read_text("utf-8")
    assert '"heap.online"' in recorded
    sentences = budget.worse({"heap.online": 10**6, "mpy": 1, "something new": 5})
    assert len(sentences) == 1
    assert sentences[0].startswith("heap.online is 1000000 bytes, recorded are ")
