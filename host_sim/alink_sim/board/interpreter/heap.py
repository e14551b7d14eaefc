"""How much heap a board needs: the stand-ins use heap here, and ROM on a chip."""

from __future__ import annotations

from alink_sim.toolchain import Interpreter

FIRST_AREA = 56_000  # bytes of an ESP32's first heap area, in words of 32 bit

# Bytes that the stand-ins use once all are imported. Their 210 names also fill the interpreter's
# name tables, which double at the 411th name of a firmware here and at the 621st on a chip.
# tests/board/interpreter/test_heap.py checks these figures.
STANDINS = {32: 21_400, 64: 32_600}


def beside_standins(interpreter: Interpreter) -> str:
    """Return the heap size that leaves the firmware an ESP32's whole first heap area.

    The default of a board, "56wk", is stricter: there the stand-ins use a part of that area.
    """
    firmware = FIRST_AREA * interpreter.word_bits // 32
    return str(firmware + STANDINS[interpreter.word_bits])
