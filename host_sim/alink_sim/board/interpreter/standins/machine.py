# `machine` of an ESP32: identity, resets, watchdog and RTC.
import struct
from time import gmtime, mktime

import _board

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


def reset():
    _board.restart(HARD_RESET)


def soft_reset():
    _board.restart(SOFT_RESET)


def deepsleep(ms=0):
    end = _board.now() + ms if ms else 0xFFFFFFFFFFFFFFFF
    _board.set_state(24, struct.pack("<Q", end))
    _board.announce(end, 2)
    _board.restart(DEEPSLEEP_RESET)


def reset_cause():
    return _board.state(0, 1)[0]


def unique_id():
    return _board.state(32, 6)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _board.watch(timeout)

    def feed(self):
        _board.watch(0)


class RTC:
    def datetime(self, moment=None):
        if moment is None:
            now = gmtime()
            us = (_board.now() - _board.base) % 1000 * 1000
            return now[:3] + (now[6],) + now[3:6] + (us,)
        seconds = mktime(tuple(moment[:3]) + tuple(moment[4:7]))
        _board.set_base(_board.now() - seconds * 1000 - moment[7] // 1000)

    def memory(self, data=None):
        if data is None:
            return _board.state(64, struct.unpack("<H", _board.state(2, 2))[0])
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _board.set_state(64, data)
        _board.set_state(2, struct.pack("<H", len(data)))


def __getattr__(name):
    # Most boots use no register and no peripheral: these are not in their heap.
    if name == "mem32":
        from _registers import mem32

        return mem32
    from _peripherals import find

    value = globals()[name] = find("machine", name)
    return value
