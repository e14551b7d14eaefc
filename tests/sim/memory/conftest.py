"""Boards with the two heaps of a chip."""

from __future__ import annotations

import pytest

from alink_sim import toolchain
from tests import interpreters


@pytest.fixture
def interpreter() -> toolchain.Interpreter:
    """Return the interpreter with the collector of a chip, instead of each general one."""
    return interpreters.require("chip32")
