"""Which MicroPython a test runs on: a name in, the interpreter out, or a skip that says why."""

from __future__ import annotations

import os

import pytest

from alink_sim import toolchain

NAMES = ("unix64", "unix32")
_REQUIRED = {"unix32": "ALINK_REQUIRE_UNIX32", "chip32": "ALINK_REQUIRE_CHIP32"}


def require(name: str) -> toolchain.Interpreter:
    """Return the interpreter; else skip by name with the reason, or fail where CI wants it."""
    if reason := toolchain.missing_reason(name):
        if name == "unix64" or os.environ.get(_REQUIRED[name]):
            pytest.fail(reason, pytrace=False)
        pytest.skip(f"{name}: {reason}")
    return toolchain.interpreter(name)
