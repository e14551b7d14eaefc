"""Grow the Python heap once, by a chosen size, and show both heaps: what `memory` loads.

docs/explanation/memory.md. Here, not in `memory`: a firmware whose heap does not grow never has
these names in its heap.
"""

import gc
import time

from micropython import const

from alink import heap

chip = heap.load("chip")

_MARGIN = const(2048)  # The growth takes less than the block that it finds.
_GROWN = const(4096)  # With so much less ESP-IDF memory, the heap has grown.
_WIFI_AND_TLS = const(96000)  # Wi-Fi takes 48,600 bytes of ESP-IDF, a TLS handshake 37,000.
_PLENTY = const(200000)  # The heap can double by itself and all connections still fit.
_TLS = const(37500)  # A TLS connection beside the session, at the peak of its handshake.


def grow(size, log):
    """Do what `memory.grow` says."""
    _, _, free, largest, _ = chip.look()
    # `mem_free` counts the largest ESP-IDF block too on each firmware whose heap can grow.
    if hasattr(heap, "grown") or not 0 < free < _PLENTY or gc.mem_free() < largest:
        return 0
    try:
        return _grow(size, free, log)
    except ImportError:
        return 0  # A firmware without threads.


def _grow(size, free, log):
    began = time.ticks_ms()
    total, left, why, piece = 0, free, "it took no new area", None
    if free - size < _WIFI_AND_TLS:
        why = "ESP-IDF has only %d bytes; grow less, before Wi-Fi" % free
    else:
        import _thread

        usual = _thread.stack_size()
        lock = _thread.allocate_lock()
        lock.acquire()
        try:
            # The stack of a waiting thread leaves a largest block of `size` for the heap to take.
            import esp32

            areas = esp32.idf_heap_info(esp32.HEAP_DATA)
            _thread.stack_size(max([(area[2], area[1]) for area in areas])[1] - size - _MARGIN)
            _thread.start_new_thread(lock.acquire, ())
            time.sleep_ms(2)
            if chip.look()[3] <= size + _MARGIN:
                piece = _fill()
        except (MemoryError, OSError, RuntimeError, ValueError) as error:
            why = error
        finally:
            lock.release()
            _thread.stack_size(usual)
        time.sleep_ms(30)  # The idle task gives the stack back.
        total, _, left, _, _ = chip.look()
    if piece is None or free - left < _GROWN:
        log("alink: the heap did not grow: %s" % why)
        return 0
    # The new area goes back to ESP-IDF if nothing lives in it, and `heap` always stays. Most
    # programs do not have this name in their heap.
    setattr(heap, "grown", (piece, total))  # noqa: B010
    log(
        "alink: the heap has grown by %d to %d bytes in %d ms; ESP-IDF has %d left"
        % (free - left, total, time.ticks_diff(time.ticks_ms(), began), left)
    )
    return free - left


def _fill():
    # Fills the heap until it grows; returns a piece in the new area, or None.
    before = _free()
    pieces = [bytearray(0)] * 140  # More than a first area holds.
    for at in range(len(pieces)):
        pieces[at] = bytearray(512)
        if _free() < before - _GROWN:
            # The look may have made the heap grow, not the piece: only the next is surely in it.
            return bytearray(512)
    return None


def _free():
    import esp32

    return sum([area[1] for area in esp32.idf_heap_info(esp32.HEAP_DATA)])


def state(log):
    """Do what `memory.state` says."""
    size, live, free, largest, lowest = chip.look()
    grown = getattr(heap, "grown", None)
    if not free:
        log("This is not an ESP32, or its firmware does not tell what ESP-IDF has.")
        return
    log("Python heap  %7d bytes, %d in use, %d free" % (size, live, size - live))
    if grown:
        log("             grown once to %d by alink.memory.grow" % grown[1])
    log(
        "ESP-IDF      %7d bytes free, %d in one piece; fewest since power-up %d"
        % (free, largest, lowest)
    )
    log(
        "next TLS     %7d bytes of ESP-IDF memory: %s"
        % (_TLS, "they are there" if free >= _TLS else "%d are missing" % (_TLS - free))
    )
