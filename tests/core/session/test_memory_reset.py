"""chip.py and memory_reset.py: what a chip that gets short of heap says and does."""

import sys

from alink import chip, heap
from alink.errors import MemoryShortError
from alink.session import memory_reset
from check import raises

ERROR = MemoryShortError("-17040")


class Chip:
    """The figures of both heaps."""

    def __init__(self, size=56000, live=31000, free=64700):
        self.size, self.live, self.free = size, live, free

    HEAP_DATA = 4

    def look(self):
        return self.size, self.live, self.free, self.free, self.free

    def idf_heap_info(self, capabilities):
        if not self.free:
            raise AttributeError
        return [(self.free, self.free, self.free, self.free)]

    def mem_alloc(self):
        return self.live

    def mem_free(self):
        return self.size - self.live + self.free

    def collect(self):
        pass


class Link:
    def __init__(self):
        self.memory = [0, 0, 0, 0]
        self.log_lines = []

    def log(self, line):
        self.log_lines.append(line)

    def look(self, *figures):
        """Return the new lines after a look at these figures."""
        former, sys.modules["esp32"] = sys.modules.get("esp32"), Chip(*figures)
        real, chip.gc = chip.gc, sys.modules["esp32"]
        self.log_lines = []
        chip.look(self)
        chip.gc, sys.modules["esp32"] = real, former
        return self.log_lines


def test_start_tells_once_how_much_is_left():
    link = Link()
    assert link.look() == ["heap: 25000 of 56000 bytes left; ESP-IDF has 64700 left"]
    assert link.look() == []
    assert link.look(56000, 40000) == []


def test_log_warns_once_of_short_heap():
    link = Link()
    link.look()
    (line,) = link.look(56000, 48000)
    assert line.startswith("the heap has only 8000 bytes left: freeze the SDK, drop a feature")
    assert link.look(56000, 55000) == []


def test_log_tells_what_growth_took():
    link = Link()
    link.look()
    link.look(56000, 50000)
    (line,) = link.look(112000, 55000, 3800)
    assert line.startswith("the heap grew by itself from 56000 to 112000 bytes; ESP-IDF has 3800")
    assert link.look(112000, 55000, 3800) == []


def test_port_without_figures_says_nothing():
    assert Link().look(56000, 55000, 0) == []


class Reset(Exception):
    """The board was reset."""


class Machine:
    """`machine` of a board: RTC memory and a reset."""

    def __init__(self, kept=b""):
        self.kept = kept

    def RTC(self):
        return self

    def memory(self, data=None):
        if data is not None:
            self.kept = data
        return self.kept

    def reset(self):
        raise Reset


class Time:
    """The time since power-up."""

    def __init__(self, ms):
        self._ms = ms

    def ticks_ms(self):
        return self._ms


memory_reset.time = Time(60000)


def recovers(board, tries, size=112000, identity=()):
    """Return whether a board resets after this many failed connects in a row."""
    former, sys.modules["machine"] = sys.modules.get("machine"), board
    memory_reset.chip = Chip(size)
    try:
        memory_reset.failed(ERROR, tries, identity, lambda line: None)
    except Reset:
        return True
    finally:
        sys.modules["machine"] = former
    return False


def tries_before_reset(board):
    tries = 1
    while not recovers(board, tries):
        tries += 1
    return tries


def test_board_resets_after_more_tries_each_time():
    board = Machine()
    counts = [tries_before_reset(board) for _ in range(9)]
    assert counts == [3, 5, 7, 9, 11, 13, 15, 15, 15]
    assert board.kept == b"alink\x06"


def test_rtc_memory_of_application_is_kept():
    board = Machine(b"alink is mine")
    assert tries_before_reset(board) == 9
    assert board.kept == b"alink is mine"


def test_board_that_ran_an_hour_starts_again():
    real, memory_reset.time = memory_reset.time, Time(3600001)
    try:
        assert tries_before_reset(Machine(b"alink\x05")) == 3
    finally:
        memory_reset.time = real


def test_heap_that_did_not_grow_needs_no_reset():
    assert not recovers(Machine(), 99, 56000)
    heap.grown = None, 93952  # By `memory.grow`.
    try:
        assert not recovers(Machine(), 99, 93952)
        assert recovers(Machine(), 99, 112000)
    finally:
        del heap.grown


def test_setting_turns_reset_into_exception():
    assert raises(MemoryShortError, recovers, Machine(), 1, 112000, {"stop": True}) is ERROR
    assert not recovers(Machine(), 1, 56000, {"stop": True})
