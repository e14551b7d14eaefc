"""How much heap to give a board: what is in ROM on a chip lies in the firmware's heap here."""

from __future__ import annotations

from alink_sim.toolchain import Interpreter

FIRST_AREA = 56_000  # bytes of an ESP32's first heap area, in words of 32 bit

# What the stand-ins take once all are imported, and what their 210 names make of the interpreter's
# tables of names: these double at the 411th name of a firmware that brings its stand-ins along,
# at the 621st on a chip. tests/board/interpreter/test_heap.py holds them to it.
STANDINS = {32: 21_400, 64: 32_600}


def beside_standins(interpreter: Interpreter) -> str:
    """Return the heap size at which a board has all of an ESP32's first heap area for itself.

    "56wk", the default of a board, is stricter: there the stand-ins take their part of it.
    """
    firmware = FIRST_AREA * interpreter.word_bits // 32
    return str(firmware + STANDINS[interpreter.word_bits])
