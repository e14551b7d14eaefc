"""When the next connect may be tried: backoff with jitter, five connects a minute. Pure.

Every time is a `ticks_ms` value given by the caller, every wait is in milliseconds, `random(n)`
returns 0..n-1. The session keeps the memory, a list, so this module need not stay loaded.
docs/reference/protocol.md, "MQTT profile".
"""

import os
from time import ticks_diff

from micropython import const

_MINUTE_MS = const(60000)
_FIRST_MS = const(2000)
_LONGEST_MS = const(300000)
_REFUSED_FIRST_MS = const(30000)
_REFUSED_LONGEST_MS = const(3600000)
_SHORT_MS = const(30000)  # A session that ends sooner was probably pushed out.
_PUSHED_OUT = const(3)  # Short sessions in a row that mean another board, not bad luck.
_PUSHED_OUT_MS = const(600000)  # The longest wait then.

# Indexes of the list.
_FAILURES = const(0)
_SHORT = const(1)  # Short sessions in a row.
_ONLINE_AT = const(2)
# 3 is that of `chip.look`.
_DIALS = const(4)  # Here begin the ticks of the last five connects.


def randrange(limit):
    """Return a random number in 0..limit-1, limit below 2**30."""
    noise = os.urandom(4)
    return (noise[0] << 22 | noise[1] << 14 | noise[2] << 6 | noise[3] >> 2) % limit


def fresh():
    """Return the memory at power-up."""
    return [0, 0, 0, 0]


def dialled(memory, now):
    """Note a connect; return how long the next one has to wait for the sake of the minute."""
    memory.append(now)
    if len(memory) > _DIALS + 5:
        memory.pop(_DIALS)
    return _minute(memory, now)


def online(memory, now):
    """Note a successful login."""
    memory[_FAILURES] = 0
    memory[_ONLINE_AT] = now


def failed(memory, now, refused=False, random=randrange):
    """Note a connect that failed, or that the platform refused; return the wait."""
    first, longest = _FIRST_MS, _LONGEST_MS
    if refused:
        first, longest = _REFUSED_FIRST_MS, _REFUSED_LONGEST_MS
    wait = min(longest, first << min(memory[_FAILURES], 16))
    memory[_FAILURES] += 1
    return max(uniform(wait, random), _minute(memory, now))


def lost(memory, now, random=randrange):
    """Note the end of a session; return the wait, and whether another pushes this one out."""
    if 0 <= ticks_diff(now, memory[_ONLINE_AT]) < _SHORT_MS:
        memory[_SHORT] += 1
    else:
        memory[_SHORT] = 0
    pushed_out = memory[_SHORT] >= _PUSHED_OUT
    wait = _FIRST_MS
    if pushed_out:
        # Bad radio looks the same at first and is over in a minute; another board is not.
        wait = min(_PUSHED_OUT_MS, _MINUTE_MS << min(memory[_SHORT] - _PUSHED_OUT, 16))
    return max(uniform(wait, random), _minute(memory, now)), pushed_out


def uniform(wait, random):
    # A quarter either way, so that a whole line does not come back at once.
    return wait + random(wait // 2 + 1) - wait // 4


def _minute(memory, now):
    if len(memory) < _DIALS + 5:
        return 0
    since = ticks_diff(now, memory[_DIALS])
    return _MINUTE_MS - since if 0 <= since < _MINUTE_MS else 0
