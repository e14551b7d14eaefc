"""Run to its end what boots or sends and has no session: for programs that may block."""

import gc
import time

from . import heap


def boot_of(caller):
    """Return the `Boot` of an `HttpChannel` or a `Login`.

    Raises RuntimeError if `from_flash` did not make it: it has no identity.
    """
    if not caller.fields:
        raise RuntimeError("no identity is loaded; call from_flash() to make this object")
    return heap.call("boot.boot", "Boot", caller)


def finish(engine, feed):
    """Run a generator of the milliseconds to wait; call `feed` (or None) at least each second.

    After a step that yields 0, garbage is collected here, where the stack holds nothing of it.
    """
    for wait in engine:
        if not wait:
            gc.collect()
        end = time.ticks_add(time.ticks_ms(), wait)
        left = wait
        while left > 0:
            if feed:
                feed()
                left = min(left, 1000)
            time.sleep_ms(left)
            left = time.ticks_diff(end, time.ticks_ms())
