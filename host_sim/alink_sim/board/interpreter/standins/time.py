# `time` of an ESP32: epoch 2000, whole seconds, the board's own clock.
import _board
import utime
from micropython import const
from utime import ticks_add, ticks_diff

_EPOCH = const(946684800)
_CYCLE = const(883612800)  # 28 years: then the calendar repeats.

ticks_ms = _board.ticks


def time():
    return (_board.now() - _board.base) // 1000


def time_ns():
    return (_board.now() - _board.base) * 1000000


# A 32-bit libc ends in 2038, an ESP32 does not: call libc only with dates from 2000 to 2027.


def gmtime(seconds=None):
    cycles, seconds = divmod(time() if seconds is None else seconds, _CYCLE)
    moment = utime.gmtime(seconds + _EPOCH)
    return (moment[0] + 28 * cycles,) + moment[1:8]


localtime = gmtime


def mktime(moment):
    cycles, year = divmod(moment[0] - 2000, 28)
    moment = (2000 + year,) + tuple(moment[1:6]) + (0, 0, 0)
    return int(utime.mktime(moment)) - _EPOCH + cycles * _CYCLE


def sleep_ms(ms):
    _board.wait(max(0, ms), 0)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def sleep_us(us):
    sleep_ms(us // 1000)


def ticks_us():
    return ticks_ms() * 1000 & 0x3FFFFFFF


ticks_cpu = ticks_us

if _board.clock and ticks_add(0x3FFFFFFF, 1):
    # A 64-bit interpreter does not wrap for years; an ESP32 wraps after 12 days.

    def ticks_add(ticks, delta):
        return (ticks + delta) & 0x3FFFFFFF

    def ticks_diff(end, start):
        return ((end - start + 0x20000000) & 0x3FFFFFFF) - 0x20000000
elif not _board.clock:
    from utime import ticks_cpu, ticks_us
