# Callbacks of pins, UARTs and timers. They run when the firmware reads the time, waits or uses a
# peripheral. If one raises, its traceback is printed and the firmware goes on, as on an ESP32.
import sys

import _board
from _peripherals import ask
from micropython import const

_board.release(3)

handlers = {}  # The callback and its argument, by the key of a peripheral.
timers = []  # The timers that run.
_FLAG = const(49)  # The host sets this byte of state.bin when an interrupt waits.
_LOOK = const(5)  # Milliseconds between two looks at the flag in a wait.
_busy = False


def service(end=None, kind=0):
    # Run the callbacks that are due. Return the milliseconds to the next one or the next look; in
    # a wait until `end`, announce the next one to a ManualClock.
    global _busy
    if _busy:
        return _LOOK
    _busy = True
    try:
        if _board.state(_FLAG, 1) != b"\0":
            _board.set_state(_FLAG, b"\0")
            for key, arguments in ask("interrupts"):
                if key in handlers:
                    callback, owner = handlers[key]
                    run(callback, *(arguments or (owner,)))
        left = _run_timers()
    finally:
        _busy = False
    if end is not None and _board.clock:
        _board.announce(end if left is None else min(end, _board.now() + left), kind)
    return _LOOK if left is None else min(_LOOK, left)


def _run_timers():
    # Return the milliseconds to the next timer, or None.
    left = None
    for timer in list(timers):
        while timer in timers and timer.left() <= 0:
            timer.fire()
        if timer in timers and (left is None or timer.left() < left):
            left = timer.left()
    return left


def run(callback, *arguments):
    try:
        callback(*arguments)
    except Exception as error:
        sys.print_exception(error)


_board.hook = service
