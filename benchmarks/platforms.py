"""The start time of a second platform in a test run; the first one makes the private CA."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from alink_sim.platform import Platform

_ROUNDS = 7
_FURTHER = 5


def measure(folder: Path) -> float:
    """Return the time of a further platform over that of the first; `folder` is scratch.

    Each begins to listen and stops. Imports are outside: a test run has paid them before.
    """
    _seconds(folder / "warm-up")
    ratios = []
    for number in range(_ROUNDS):
        ca = folder / f"ca-{number}"
        first = _seconds(ca)
        ratios.append(statistics.median(_seconds(ca) for _ in range(_FURTHER)) / first)
    return statistics.median(ratios)


def _seconds(ca: Path) -> float:
    start = time.perf_counter()
    with Platform(ca=ca):
        pass
    return time.perf_counter() - start
