"""What the stand-ins take of the heap that is the firmware's: they are in ROM on a real chip."""

from __future__ import annotations

import re

from tests.board.conftest import Bench

MAIN = """
import gc
gc.collect()
print("idle", gc.mem_alloc())
import esp, machine, network, ssl
gc.collect()
print("all", gc.mem_alloc())
import micropython
micropython.mem_info()
"""
IDLE = 16000  # bytes on 32 bit; the bare interpreter, the mounted volume and main.py included
ALL = 21500
LARGEST = 25000


def test_the_stand_ins_stay_within_their_budget(bench: Bench):
    lines = bench.run(MAIN)
    scale = 1 if bench.interpreter.word_bits == 32 else 1.6
    assert int(lines[0].split()[1]) < IDLE * scale
    assert int(lines[1].split()[1]) < ALL * scale


def test_the_stand_ins_leave_one_large_block(bench: Bench):
    lines = bench.run(MAIN)
    found = re.search(r"max free sz: (\d+)", "\n".join(lines))
    assert found
    block = 16 if bench.interpreter.word_bits == 32 else 32
    assert int(found[1]) * block > LARGEST
