"""The figures of a chip's two heaps. Loaded for one look at them.

docs/explanation/memory.md.
"""

import gc

from micropython import const

_LEAST = const(8192)  # A reconnect and the next step of the SDK need as much.
_GREW = const(4096)  # The figures are not those of one moment.
_TOLD = const(
    3
)  # Of the memory of `backoff`: the size of the heap last told, + 1 if it was short.


def look(link=None):
    """Return (size, live, free, largest, lowest), all 0 where the firmware does not tell.

    The first two are those of the Python heap: its bytes, and those in use after a collection.
    The others are those of ESP-IDF: bytes free, the largest free block, the fewest free since
    power-up. A `link`, which is a `Session`, logs once how much heap is left, once that it is
    short, and each time that it grew by itself.
    """
    gc.collect()
    try:
        import esp32

        areas = esp32.idf_heap_info(esp32.HEAP_DATA)
    except (ImportError, AttributeError, ValueError):
        return 0, 0, 0, 0, 0  # Not an ESP32.
    live = gc.mem_alloc()
    free, lowest = [sum([area[at] for area in areas]) for at in (1, 3)]
    largest = max([area[2] for area in areas])
    # `mem_free` counts the largest ESP-IDF block too, because the heap can grow into it.
    size = live + gc.mem_free() - largest
    if link:
        told, left = link.memory[_TOLD], size - live
        short = told & 1
        if not told:
            link.log("heap: %d of %d bytes left; ESP-IDF has %d left" % (left, size, free))
        elif size > told + _GREW:
            link.log(
                "the heap grew by itself from %d to %d bytes; ESP-IDF has %d left, and a TLS "
                "connection needs 37500" % (told & -2, size, free)
            )
        if left < _LEAST and not short:
            short = 1
            link.log(
                "the heap has only %d bytes left: freeze the SDK, drop a feature, or call "
                "alink.memory.grow in boot.py" % left
            )
        link.memory[_TOLD] = size & -2 | short
    return size, live, free, largest, lowest
