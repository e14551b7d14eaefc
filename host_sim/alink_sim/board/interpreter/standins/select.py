# `select` of an ESP32: waits use the board's clock.
import sys

import _board
import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT


class poll:
    def __init__(self):
        self._poll = uselect.poll()
        self._keys = False  # Whether it waits for the serial port: then Ctrl-C is input.

    def __getattr__(self, name):
        return getattr(self._poll, name)

    def register(self, stream, *flags):
        if stream in (sys.stdin, sys.stdin.buffer):
            self._keys = True
        return self._poll.register(stream, *flags)

    def poll(self, ms=-1, flags=0):
        keys = _board.keys
        if self._keys:
            _board.keys = None
        try:
            return _board.wait(-1 if ms is None else ms, 1, self._poll)
        finally:
            _board.keys = keys

    ipoll = poll


__getattr__ = _board.rare("select")
