"""The stand-ins use heap of the firmware; on a chip they are in ROM."""

from __future__ import annotations

import re
import subprocess

import pytest

from alink_sim.board.interpreter import heap
from tests.board.conftest import Bench, printed

MAIN = """
import _board, gc
_board.release(99)  # The ballast, for which a board gets heap.
gc.collect()
print("idle", gc.mem_alloc())
import esp, machine, network, ssl
gc.collect()
print("all", gc.mem_alloc())
import micropython
micropython.mem_info()
"""
# The number of names of the SDK in a session during an update, without the stand-ins.
NAMES = """
for number in range(500):
    hasattr(number, "n%03d" % number)
"""
IDLE = 16000  # bytes on 32 bit; with the bare interpreter, the mounted vfs and main.py
ALL = 23000
LARGEST = 25000


def test_stand_ins_stay_within_their_budget(bench: Bench):
    lines = bench.run(MAIN)
    scale = 1 if bench.interpreter.word_bits == 32 else 1.6
    assert int(lines[0].split()[1]) < IDLE * scale
    assert int(lines[1].split()[1]) < ALL * scale


def test_stand_in_heap_is_counted_once(bench: Bench):
    count = 'import gc\ngc.collect()\nprint("taken", gc.mem_alloc())\n'
    ballast = "import _board\n_board.release(99)\n"
    bare = subprocess.run(
        [*bench.interpreter.command, "-X", "heapsize=200000", "-c", NAMES + count],
        capture_output=True,
        text=True,
        check=True,
    )
    on_board = bench.run(
        ballast + NAMES + "import esp, machine, network, ssl\n" + count, heap="200000"
    )
    taken = int(on_board[0].split()[1]) - int(bare.stdout.split()[1])
    given = heap.STANDINS[bench.interpreter.word_bits]
    assert 0.9 * taken < given <= taken


def test_board_can_have_whole_esp32_heap(bench: Bench):
    size = int(heap.beside_standins(bench.interpreter))
    assert (
        size - heap.STANDINS[bench.interpreter.word_bits]
        == {32: 56000, 64: 112000}[bench.interpreter.word_bits]
    )
    board = bench.board("import gc; gc.collect(); print(gc.mem_free())", heap=str(size))
    assert int(printed(board)[0]) > 0.95 * heap.FIRST_AREA * bench.interpreter.word_bits / 32


def test_stand_ins_leave_one_large_block(bench: Bench):
    lines = bench.run(MAIN)
    found = re.search(r"max free sz: (\d+)", "\n".join(lines))
    assert found
    block = 16 if bench.interpreter.word_bits == 32 else 32
    assert int(found[1]) * block > LARGEST


def test_peripherals_take_no_heap(bench: Bench):
    lines = bench.run(
        """
        import gc, machine
        gc.collect()
        before = gc.mem_free()
        from machine import ADC, I2C, PWM, SPI, UART, Pin, SoftI2C, Timer, lightsleep
        import dht, ds18x20, neopixel, onewire
        import io, platform
        led = Pin(2, Pin.OUT)
        led.irq(print)
        gc.collect()
        print(before - gc.mem_free())
        """,
        heap="112wk",
    )
    assert int(lines[0]) < 1000


@pytest.mark.parametrize(
    ("size", "said"),
    [("abc", "write bytes as in 100000"), ("3", "3 bytes; a simulated board needs ")],
)
def test_impossible_heap_is_refused(bench: Bench, size: str, said: str):
    with pytest.raises(ValueError, match=said):
        bench.board("", heap=size).power_on()


def test_least_heap_reaches_main(bench: Bench):
    least = heap._LEAST[bench.interpreter.word_bits]
    board = bench.board("print('here')", heap=str(least))
    with board:
        board.power_on()
        board.expect("here")
