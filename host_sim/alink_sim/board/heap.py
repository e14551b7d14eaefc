"""How much heap to give a board: what is in ROM on a chip lies in the firmware's heap here."""

from __future__ import annotations

from alink_sim.toolchain import Interpreter

FIRST_AREA = 56_000  # bytes of an ESP32's first heap area, in words of 32 bit

# What the stand-ins take once all are imported; tests/board/test_heap.py holds them to it.
STANDINS = {32: 18_000, 64: 28_000}


def beside_standins(interpreter: Interpreter) -> str:
    """Return the heap size at which a board has all of an ESP32's first heap area for itself.

    "56wk", the default of a board, is stricter: there the stand-ins take their part of it.
    """
    firmware = FIRST_AREA * interpreter.word_bits // 32
    return str(firmware + STANDINS[interpreter.word_bits])
