"""The time in UTC, on a port whose epoch is 2000 (ESP32) as on one with 1970 (unix)."""

import time

from micropython import const

_BUILT = const(1793491200)  # 2026-11-01: no true clock says less to this firmware.
_LAST = const(2524608000)  # 2050-01-01: no true clock says more in this firmware's life.
_FROM_2000 = const(946684800)  # Seconds from 1970 to 2000.


def now():
    """Return the time in whole seconds since 1970."""
    return int(time.time()) + (_FROM_2000 if time.gmtime(0)[0] == 2000 else 0)


def is_set(seconds=None):
    """Tell whether a time, now by default, can be true: from this firmware's build to 2049."""
    return _BUILT <= (now() if seconds is None else seconds) < _LAST


def gmtime(seconds):
    """Return seconds since 1970 as `time.gmtime` does."""
    return time.gmtime(seconds - (_FROM_2000 if time.gmtime(0)[0] == 2000 else 0))


def text(seconds):
    """Return seconds since 1970 as ISO 8601."""
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % tuple(gmtime(seconds)[:6])


def milliseconds():
    """Return the milliseconds since 1970 in digits (bytes); 2050 if the clock is not set."""
    return b"%d000" % (now() if is_set() else _LAST)
