"""The two heaps of a chip: grow Python's once, by a chosen size, and show both.

docs/explanation/memory.md. In boot.py, before Wi-Fi:

    import alink.memory

    alink.memory.grow(20 * 1024)

Written so, and not with `from`, the module leaves the heap when it is done.
"""

import gc
import sys

from micropython import const

from . import heap

_SMALLEST = const(96000)  # Wi-Fi and TLS take as much of a chip.


def grow(size, log=print):
    """Grow the Python heap once, by about `size` bytes; return by how many, 0 if it did not grow.

    The growth lasts until the next reset. Nothing happens if the heap has grown already, if
    ESP-IDF has enough memory for a heap that grows by itself, or if the firmware does not report
    how much it has.
    Call it before Wi-Fi: later, too little would be left, and `log` gets a line that says so.
    """
    gained = 0
    # The heap and what it can grow into, on each firmware whose heap can grow.
    if size and gc.mem_alloc() + gc.mem_free() > _SMALLEST:
        gained = heap.call("growth", "grow", size, log)
    _leave()
    return gained


def state(log=print):
    """Print both heaps, for a person at the REPL: sizes in bytes, and what TLS needs."""
    heap.call("growth", "state", log)
    _leave()


def _leave():
    sys.modules.pop(__name__, None)
    sys.modules["alink"].__dict__.pop("memory", None)
