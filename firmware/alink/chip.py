"""The figures of a chip's two heaps. Loaded for one look at them, then unloaded.

docs/explanation/memory.md.
"""

import gc


def idf():
    """Return (free, largest, lowest): ESP-IDF bytes free, its largest free block, and the fewest
    bytes that were free since power-up. All are 0 where the firmware does not tell.
    """
    try:
        import esp32

        areas = esp32.idf_heap_info(esp32.HEAP_DATA)
        free, lowest = [sum([area[at] for area in areas]) for at in (1, 3)]
        return free, max([area[2] for area in areas]), lowest
    except (ImportError, AttributeError, ValueError):
        return 0, 0, 0  # Not an ESP32.


def python():
    """Return (size, live): bytes of the Python heap, and those in use after a collection."""
    gc.collect()
    live = gc.mem_alloc()
    # `mem_free` counts the largest ESP-IDF block too, because the heap can grow into it.
    return live + gc.mem_free() - idf()[1], live
