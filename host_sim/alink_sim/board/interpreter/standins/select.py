# `select` of an ESP32: waits use the board's clock.
import uselect
from _board import wait
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT


class poll:
    def __init__(self):
        self._poll = uselect.poll()

    def __getattr__(self, name):
        return getattr(self._poll, name)

    def poll(self, ms=-1, flags=0):
        return wait(-1 if ms is None else ms, 1, self._poll)

    ipoll = poll
