"""memory.py on a chip of numbers: two heaps, a thread whose stack takes ESP-IDF memory."""

import sys

import alink
from alink import chip, growth, heap, memory

KB = 1024


class Chip:
    """Two heaps of the measured sizes. It stands for gc, esp32, _thread and bytearray."""

    HEAP_DATA = 4

    def __init__(self, free=143972, largest=112968, first=56000, live=9264, look=0):
        self.others = free - largest  # ESP-IDF memory in regions that are too small for a growth.
        self.largest = largest
        self.first, self.live = first, live
        self.added = self.garbage = self.stack = 0
        self.look = look  # Bytes of the Python heap that a call of idf_heap_info takes.
        self.waiting = 0
        self.no_thread = self.no_growth = False
        self.stack_sizes = [0]
        self.pieces = []

    # gc

    def collect(self):
        self.garbage = 0

    def mem_alloc(self):
        return self.live + self.garbage

    def mem_free(self):
        return self.first + self.added - self.mem_alloc() + self.block()

    # esp32

    def idf_heap_info(self, capabilities):
        assert capabilities == self.HEAP_DATA
        self.allocate(self.look)
        self.garbage += self.look
        block = self.block()
        return [(200000, self.others, self.others // 2, 900), (150000, block, block, 3000)]

    def block(self):
        return self.largest - self.stack - self.added

    # _thread

    def stack_size(self, size=None):
        if size is not None:
            self.stack_sizes.append(size)
        return self.stack_sizes[-1]

    def allocate_lock(self):
        return Lock(self)

    def start_new_thread(self, function, arguments):
        size = self.stack_sizes[-1]
        if self.no_thread or size > self.block():
            raise OSError("can't create thread")
        assert arguments == () and size > 0
        self.stack, self.waiting = size, 1

    # bytearray

    def allocate(self, size):
        """Return the number of the area that gets these bytes."""
        if self.live + self.garbage + size > self.first + self.added:
            self.garbage = 0
        if self.live + size > self.first + self.added:
            if self.added or self.no_growth:
                raise MemoryError
            self.added = min(self.block(), max(self.first, size))
        return 1 if self.live + size > self.first else 0

    def piece(self, size):
        area = self.allocate(size + 16)
        if not area:
            self.live += size + 16  # What lies in the added area is not counted.
        self.pieces.append((size, area))
        return self.pieces[-1]

    def free_pieces(self):
        for size, area in self.pieces:
            if not area:
                self.live -= size + 16
        self.pieces = []


class Lock:
    def __init__(self, board):
        self._chip = board

    def acquire(self):
        pass

    def release(self):
        self._chip.stack = self._chip.waiting = 0
        self._chip.free_pieces()


def on(board, size=20 * KB):
    """Return what `grow` returns on this chip, and its lines."""
    names = ("esp32", "_thread")
    former = [sys.modules.get(name) for name in names]
    real, lines = memory.gc, []
    for name in names:
        sys.modules[name] = board
    memory.gc = growth.gc = chip.gc = board
    keep_loaded()
    growth.bytearray = board.piece
    try:
        return memory.grow(size, log=lines.append), lines
    finally:
        memory.gc = growth.gc = chip.gc = real
        del growth.bytearray
        for name, module in zip(names, former):
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
        assert not board.waiting
        assert board.stack_sizes[-1] == 0


def keep_loaded():
    """Have `memory` find these modules, with the chip of numbers in them."""
    sys.modules["alink.growth"], sys.modules["alink.chip"] = growth, chip


def forget():
    if hasattr(heap, "grown"):
        del heap.grown


def test_heap_grows_once_by_the_chosen_size():
    for size in (16 * KB, 20 * KB, 24 * KB, 28 * KB, 32 * KB, 40 * KB):
        forget()
        board = Chip()
        gained, lines = on(board, size)
        assert size <= gained <= size + 2 * KB
        piece, total = heap.grown
        assert total == 56000 + gained
        assert piece == (512, 1)  # It lives in the new area, and is longer than one block.
        assert len(lines) == 1
        assert "grown by %d to %d bytes" % (gained, total) in lines[0]
        assert on(board, size) == (0, [])
    forget()


def test_look_that_grows_the_heap_leaves_a_piece():
    for look in range(0, 700, 50):
        forget()
        on(Chip(look=look))
        assert heap.grown[0] == (512, 1), look
    forget()


def test_nothing_happens_where_growth_is_useless():
    for board in (Chip(free=260000, largest=200000), Chip(free=4200000, largest=4100000)):
        assert on(board) == (0, [])
        assert len(board.stack_sizes) == 1
    assert on(Chip(), 0) == (0, [])
    for board in (NoFigures(), OneArea(), OneArea(first=112000)):
        assert on(board) == (0, [])
    assert not hasattr(heap, "grown")


class OneArea(Chip):
    """A heap that does not grow, whatever ESP-IDF has."""

    def mem_free(self):
        return self.first - self.mem_alloc()


class NoFigures(Chip):
    """A port that does not tell what ESP-IDF has."""

    def idf_heap_info(self, capabilities):
        raise AttributeError


def test_growth_needs_enough_memory_of_esp_idf():
    gained, lines = on(Chip(free=95400, largest=80000))
    assert gained == 0
    assert "ESP-IDF has only 95400 bytes; grow less, before Wi-Fi" in lines[0]
    gained, lines = on(Chip(), 60 * KB)
    assert gained == 0 and len(lines) == 1


def test_failure_in_the_middle_leaves_no_thread():
    for fault in ("no_thread", "no_growth"):
        board = Chip()
        setattr(board, fault, True)
        gained, lines = on(board)
        assert gained == 0
        assert "the heap did not grow" in lines[0]
        assert not hasattr(heap, "grown")


def test_area_that_went_back_did_not_grow():
    board = Chip()
    release = Lock.release

    def release_and_give_back(self):
        release(self)
        board.added = 0

    Lock.release = release_and_give_back
    try:
        gained, lines = on(board)
    finally:
        Lock.release = release
    assert gained == 0 and "it took no new area" in lines[0]


def test_state_names_what_tls_needs():
    board = Chip()
    board.largest = 40000
    sys.modules["esp32"], former = board, sys.modules.get("esp32")
    real, lines = memory.gc, []
    memory.gc = growth.gc = chip.gc = board
    try:
        keep_loaded()
        memory.state(lines.append)
        keep_loaded()
        board.largest = 1000
        memory.state(lines.append)
    finally:
        memory.gc = growth.gc = chip.gc = real
        if former:
            sys.modules["esp32"] = former
        else:
            del sys.modules["esp32"]
    assert lines[0] == "Python heap    56000 bytes, 9264 in use, 46736 free"
    assert "71004 bytes free, 40000 in one piece" in lines[1]
    assert "fewest since power-up 3900" in lines[1]
    assert lines[2].endswith("they are there")
    assert lines[5].endswith("5496 are missing")


def test_module_leaves_the_heap_when_it_is_done():
    sys.modules["alink.memory"] = alink.memory = memory
    on(Chip(), 0)
    assert "alink.memory" not in sys.modules
    assert not hasattr(alink, "memory")
