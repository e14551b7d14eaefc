"""How much heap a board needs: the stand-ins use heap here, and ROM on a chip."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from alink_sim import toolchain
from alink_sim.board.interpreter import chip_memory
from alink_sim.toolchain import Interpreter

FIRST_AREA = 56_000  # bytes of an ESP32's first heap area, in words of 32 bit
GROWN = 73_920  # bytes once the SDK's boot.py has grown it

# Bytes that the stand-ins use once all are imported. Their 210 names also fill the interpreter's
# name tables, which double at the 411th name of a firmware here and at the 621st on a chip.
# tests/board/interpreter/test_heap.py checks these figures.
STANDINS = {32: 22_100, 64: 33_800}
_LEAST = {32: 28 * 1024, 64: 40 * 1024}  # bytes with which a board reaches main.py


def beside_standins(interpreter: Interpreter, *, grown: bool = False) -> str:
    """Return the heap size that leaves the firmware an ESP32's whole first heap area.

    `grown` adds what the SDK's boot.py adds on a chip. The default of a board, "56wk", is
    stricter: there the stand-ins use a part of that area.
    """
    firmware = (GROWN if grown else FIRST_AREA) * interpreter.word_bits // 32
    return str(firmware + STANDINS[interpreter.word_bits])


# Peripherals use no heap on a chip. Here each of their modules and classes does, so that a board
# starts with ballast in its heap, which gets larger by as much, and they free a piece for each 256
# bytes that they take (standins/_board.py). A piece is one block of the heap for its object and
# these blocks for its bytes.
_PIECES = 48
_BLOCK = {32: 16, 64: 32}  # bytes
_BLOCKS = {32: 15, 64: 11}
_CODE = 116  # blocks of the list of pieces, and of stand-ins for interrupts, `sys` and rare names


def ballast(interpreter: Interpreter) -> str:
    """Return the number of pieces of ballast and the bytes of a piece, for _boot.py."""
    bits = interpreter.word_bits
    return f"{_PIECES} {_BLOCKS[bits] * _BLOCK[bits]}"


def with_ballast(heap: str, interpreter: Interpreter) -> str:
    """Return the heap size that leaves `heap`, an argument of -X heapsize, beside the ballast."""
    bits = interpreter.word_bits
    found = re.fullmatch(r"(\d+)(w?)([km]?)", heap.lower())
    if not found:
        raise ValueError(f"heap is {heap!r}; write bytes as in 100000, 56k or 56wk")
    size = int(found[1]) * {"": 1, "k": 1024, "m": 1024 * 1024}[found[3]]
    size *= bits // 32 if found[2] else 1
    if size < _LEAST[bits]:
        least = f"{_LEAST[bits]:,} bytes before main.py"
        raise ValueError(f"heap is {heap!r}, {size:,} bytes; a simulated board needs {least}")
    # The collector keeps 3 bits for each block.
    blocks = _PIECES * (_BLOCKS[bits] + 1) + _CODE
    return str(size + math.ceil(blocks * (_BLOCK[bits] + 3 / 8)))


@dataclass(frozen=True)
class BoardHeap:
    """How to start an interpreter with the heap of a board."""

    command: tuple[str, ...]
    environment: dict[str, str]
    has_umqtt: bool = False
    """Whether the interpreter has umqtt frozen in."""


def board_heap(heap: str, interpreter: Interpreter) -> BoardHeap:
    """Return it for the argument `heap` of a board. Raises ToolchainError or ValueError."""
    memory = chip_memory.of(heap)
    if memory:
        interpreter = toolchain.interpreter("chip32")
    size = str(chip_memory.ROM) if memory else with_ballast(heap, interpreter)
    program = "import _two_heaps, _main" if memory else "import _main"
    return BoardHeap(
        command=(*interpreter.command, "-X", f"heapsize={size}", "-c", program),
        environment={
            "ALINK_BALLAST": ballast(interpreter),
            "ALINK_CHIP": memory.literal() if memory else "",
        },
        has_umqtt=bool(memory),
    )
