# `machine.Timer`, on the board's clock.
from time import ticks_add, ticks_diff, ticks_ms

import _board
import _interrupts

_board.release(4)

_by_id = {}  # A second Timer(0) is the first one.


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, id=-1, **settings):
        if id == -1:
            return object.__new__(cls)
        if not 0 <= id < 4:
            raise ValueError("invalid Timer number")
        if id not in _by_id:
            _by_id[id] = object.__new__(cls)
        return _by_id[id]

    def __init__(self, id=-1, **settings):
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, freq=-1, period=-1, callback=None, hard=False):
        self.deinit()
        ms = int(1000 / freq) if freq > 0 else period
        if ms <= 0:
            raise ValueError("a Timer needs period= in ms, or freq= in Hz")
        self._ms, self._mode, self._callback = ms, mode, callback
        self._due = ticks_add(ticks_ms(), ms)
        _interrupts.timers.append(self)

    def deinit(self):
        if self in _interrupts.timers:
            _interrupts.timers.remove(self)

    def value(self):
        return self._ms - self.left()

    def left(self):
        return ticks_diff(self._due, ticks_ms())

    def fire(self):
        if self._mode == self.PERIODIC:
            self._due = ticks_add(self._due, self._ms)
        else:
            self.deinit()
        if self._callback:
            _interrupts.run(self._callback, self)
