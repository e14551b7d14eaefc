# `io` of an ESP32. No other stand-in imports it, so that a board has it only for its program.
import _board
from uio import *

_board.release(3)


class BufferedWriter:
    # Write to a stream in blocks of `size` bytes: to a block device, for example.

    def __init__(self, stream, size):
        self._stream = stream
        self._block = memoryview(bytearray(size))
        self._used = 0

    def write(self, data):
        data = memoryview(data)
        at = 0
        while at < len(data):
            piece = data[at : at + len(self._block) - self._used]
            self._block[self._used : self._used + len(piece)] = piece
            self._used += len(piece)
            at += len(piece)
            if self._used == len(self._block):
                self.flush()
        return at

    def flush(self):
        block = self._block[: self._used]
        while block:
            block = block[self._stream.write(block) :]
        self._used = 0
