"""`heap="chip"`: MicroPython's heap grows out of ESP-IDF's, by the rules of a chip."""

from __future__ import annotations

import subprocess

import pytest

from alink_formats.errors import ToolchainError
from alink_sim import toolchain
from alink_sim.board.interpreter import chip_memory
from tests.board.conftest import Bench, printed

# Python's heap and ESP-IDF's, as tools for a chip read them.
TOOLS = """
import _thread, esp32, gc, machine, time

def areas():
    return esp32.idf_heap_info(esp32.HEAP_DATA)

def show(what):
    found = areas()
    largest = max([one[2] for one in found])
    heap = gc.mem_alloc() + gc.mem_free() - largest
    print(what, heap, sum([one[1] for one in found]), largest)

def collect():
    # The stack of the interpreter still has addresses of garbage: write over them.
    if not deeper(30):
        gc.collect()

def deeper(count):
    return deeper(count - 1) if count else 0

def fill():
    return [bytearray(1000) for _ in range(60)]
"""

GROWTH = (
    TOOLS
    + """
gc.collect()
print("used", gc.mem_alloc())
show("start")
pieces = fill()
show("grown")
pieces = None
collect()
show("empty again")
pieces = fill()
pieces = pieces[-1:]
collect()
show("one lives")
if machine.reset_cause() != machine.SOFT_RESET:
    machine.soft_reset()
"""
)

PLACEHOLDER = (
    TOOLS
    + """
lock = _thread.allocate_lock()
lock.acquire()
_thread.stack_size(88 * 1024)
_thread.start_new_thread(lock.acquire, ())
_thread.stack_size(0)
show("held")
pieces = fill()
show("grown")
lock.release()
show("released")
time.sleep_ms(30)
show("settled")
_thread.stack_size(120 * 1024)
try:
    _thread.start_new_thread(lock.acquire, ())
except OSError as error:
    print(error)
_thread.stack_size(0)
_thread.start_new_thread(time.sleep_ms, (0,))
show("least")
try:
    bytearray(100000)
except MemoryError:
    print("no room")
"""
)


def numbers(line: str) -> list[int]:
    return [int(word) for word in line.split()[-3:]]


def test_heap_doubles_and_gives_back(bench: Bench):
    lines = printed(bench.board(GROWTH, heap="chip"))
    # A chip has 3,040 bytes in use and the application's own: docs/explanation/memory.md.
    assert 3000 <= int(lines[0].split()[1]) < 5500
    start, grown, empty, pinned = map(numbers, lines[1:5])
    assert start == empty == [56000, 143972, 110592]
    assert abs(grown[0] - 112000) < 200
    assert pinned == grown
    assert grown[1] == 143972 - 57360
    assert lines[6:] == lines[1:5]  # A soft reset gives back all.


def test_growth_leaves_what_a_placeholder_held(bench: Bench):
    lines = printed(bench.board(PLACEHOLDER, heap="chip"))
    held, grown, released, settled = map(numbers, lines[:4])
    stack = 88 * 1024 + 1400
    assert held[1] == 143972 - stack
    assert grown[1] == held[1] - held[2]  # It takes the largest block, which is less than a heap.
    assert released == grown  # The idle task has not run.
    assert settled[1] == grown[1] + stack
    assert lines[4] == "can't create thread"
    assert numbers(lines[5])[1] == settled[1] - 5 * 1024 - 1400
    assert lines[6] == "no room"


def test_older_firmware_has_its_own_figures(bench: Bench):
    lines = printed(bench.board(TOOLS + "show('start')", heap="chip 1.22.1"))
    assert numbers(lines[0]) == [56000, 143904, 110592]


def test_unmeasured_firmware_is_refused():
    with pytest.raises(ToolchainError, match=r'use "chip 1\.26\.1" or "chip 1\.22\.1"'):
        chip_memory.of("chip 1.20.0")
    assert chip_memory.of("56wk") is None


def test_names_begin_as_on_a_chip(bench: Bench):
    # The table of names doubles at the 621st name of the firmware: 4,480 bytes at once.
    lines = printed(
        bench.board(
            """
            import gc
            gc.collect()
            before = gc.mem_alloc()
            for number in range(700):
                hasattr(gc, "n%03d" % number)
                if gc.mem_alloc() - before > 4000:
                    print(number)
                    break
                gc.collect()
                before = gc.mem_alloc()
            """,
            heap="chip",
        )
    )
    assert 570 < int(lines[0]) <= 620


def test_names_of_stock_image_are_in_rom(interpreter: toolchain.Interpreter) -> None:
    program = (
        "import micropython\ndef f(x):\n    x.get_blob(), x.idf_heap_info(), x.feed(), x.mine()\n"
        "micropython.qstr_info(1)\n"
    )
    done = subprocess.run(
        [*interpreter.command, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Q(mine)" in done.stdout
    assert not [name for name in ("get_blob", "idf_heap_info", "feed") if name in done.stdout]
