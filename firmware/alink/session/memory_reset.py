"""Reset a board that is offline because its heap grew by itself. Loaded when memory was short.

docs/explanation/memory.md. The number of such resets in a row lies in the RTC memory, which a
reset keeps: `alink` and a byte. Bytes that the application keeps there are left alone.
"""

import time

from micropython import const

from .. import heap

chip = heap.load("chip")

_FIRST_AREA = const(66000)  # No first area is larger.
_GREW = const(4096)  # The figures are not those of one moment.
_MARK = b"alink"
_MOST = const(6)
_UNKNOWN = const(3)  # The number of resets if the application uses the RTC memory.
_HOUR_MS = const(3600000)  # A board that ran so long was not in a loop.


def failed(error, tries, identity, log):
    """Reset the board if its heap grew by itself and `tries` connects in a row have failed.

    Returns if it did not grow, or if there are tries left: 3 at first, 2 more after each reset in
    a row. Raises `error` instead if the setting `out_of_memory` says so.
    """
    size = chip.look()[0]
    if size <= getattr(heap, "grown", (None, _FIRST_AREA))[1] + _GREW:
        return
    if "stop" in identity:
        raise error
    import machine

    rtc = machine.RTC()
    kept = rtc.memory()
    ours = not kept or kept[:-1] == _MARK
    resets = _UNKNOWN
    if ours:
        resets = kept[-1] if kept and time.ticks_ms() < _HOUR_MS else 0
    if tries < 3 + 2 * resets:
        return
    log("the heap grew by itself to %d bytes and no connect works: reset" % size)
    if ours:
        rtc.memory(_MARK + bytes((min(resets + 1, _MOST),)))
    machine.reset()
