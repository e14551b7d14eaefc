"""When the next connect may be tried: backoff with jitter, five connects a minute. Pure.

Every time is a `ticks_ms` value given by the caller; `random(n)` returns 0..n-1.
docs/protocol.md, section "MQTT profile".
"""

import os
from time import ticks_add, ticks_diff

from micropython import const

_MINUTE_MS = const(60000)
_FIRST_MS = const(2000)
_LONGEST_MS = const(300000)
_REFUSED_FIRST_MS = const(30000)
_REFUSED_LONGEST_MS = const(3600000)
_SHORT_MS = const(30000)  # A session that ends sooner was probably pushed out.
_PUSHED_OUT = const(3)  # So many short sessions in a row are another board, not bad luck.
_PUSHED_OUT_MS = const(600000)


def random_below(limit):
    """Return a random number in 0..limit-1, limit below 2**30."""
    noise = os.urandom(4)
    return (noise[0] << 22 | noise[1] << 14 | noise[2] << 6 | noise[3] >> 2) % limit


class Pace:
    """The waiting times of one device's connects."""

    def __init__(self, random=random_below):
        self._random = random
        self._dials = []  # Ticks of the last five connects.
        self._failures = 0
        self._until = None
        self._online_at = 0
        self.short_sessions = 0

    def delay(self, now):
        """Return the milliseconds to wait before the next connect, 0 when it may go now."""
        wait = 0
        if self._until is not None:
            wait = max(0, ticks_diff(self._until, now))
        if len(self._dials) == 5:
            since = ticks_diff(now, self._dials[0])
            if 0 <= since < _MINUTE_MS:
                wait = max(wait, _MINUTE_MS - since)
        return wait

    def dialled(self, now):
        """Note a connect."""
        self._dials = self._dials[-4:] + [now]

    def online(self, now):
        """Note a successful login."""
        self._failures = 0
        self._until = None
        self._online_at = now

    def failed(self, now, refused=False):
        """Note a connect that failed, or that the platform refused; return the wait in ms."""
        first, longest = _FIRST_MS, _LONGEST_MS
        if refused:
            first, longest = _REFUSED_FIRST_MS, _REFUSED_LONGEST_MS
        wait = min(longest, first << min(self._failures, 16))
        self._failures += 1
        return self._wait(now, wait)

    def lost(self, now):
        """Note the end of a session; return whether another session keeps pushing this one out."""
        if 0 <= ticks_diff(now, self._online_at) < _SHORT_MS:
            self.short_sessions += 1
        else:
            self.short_sessions = 0
        if self.short_sessions >= _PUSHED_OUT:
            self._wait(now, _PUSHED_OUT_MS)
            return True
        self._wait(now, _FIRST_MS)
        return False

    def _wait(self, now, wait):
        # Jitter of a quarter either way, so that a whole line does not come back at once.
        wait += self._random(wait // 2 + 1) - wait // 4
        self._until = ticks_add(now, wait)
        return wait
