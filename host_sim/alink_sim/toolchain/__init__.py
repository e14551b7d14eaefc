"""Find or fetch the external tools: MicroPython interpreters, umqtt, mpy-cross."""

from __future__ import annotations

from alink_formats.bytecode import compile_mpy, dotted, mpy_cross
from alink_formats.cache_dir import cache_dir
from alink_formats.errors import ToolchainError
from alink_formats.sources import boards_dir, checkout, firmware_dir
from alink_sim.toolchain.micropython import (
    Interpreter,
    install_chip32,
    install_unix32,
    interpreter,
    interpreters,
    missing_reason,
)
from alink_sim.toolchain.umqtt import umqtt_robust, umqtt_simple

__all__ = [
    "Interpreter",
    "ToolchainError",
    "boards_dir",
    "cache_dir",
    "checkout",
    "compile_mpy",
    "dotted",
    "firmware_dir",
    "install_chip32",
    "install_unix32",
    "interpreter",
    "interpreters",
    "missing_reason",
    "mpy_cross",
    "umqtt_robust",
    "umqtt_simple",
]
