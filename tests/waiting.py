"""Waits of tests: each is for an event, and its limit only ends a run that hangs.

`PATIENCE` is that limit, in seconds, for every wait of the suite: a machine that is ten times
slower than usual must not reach it. `tests/conftest.py` hands it to `alink_sim` as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from alink_sim.board import Board

PATIENCE = 600.0

_LOOK = 0.005  # Seconds between two looks.

T = TypeVar("T")


def eventually(look: Callable[[], T], *boards: Board) -> T:
    """Call `look` until it returns something true, and return that.

    Fails after PATIENCE, or once each of `boards` has ended and `look` still returns nothing.
    """
    __tracebackhide__ = True  # pytest shows who waited, not this.
    deadline = time.monotonic() + PATIENCE
    while True:
        over = time.monotonic() > deadline or (boards and all(one.has_ended for one in boards))
        if found := look():
            return found
        if over:
            printed = "\n".join(f"{one.device_name} printed last:\n{one.tail()}" for one in boards)
            raise AssertionError(f"{_name(look)} returned {found!r} until the end\n{printed}")
        time.sleep(_LOOK)


def _name(look: Callable[[], object]) -> str:
    return getattr(look, "__qualname__", repr(look))
