# `neopixel` of an ESP32: a strip of WS2812 LEDs behind machine.bitstream.
import _board
from machine import Pin, bitstream

_board.release(4)


class NeoPixel:
    ORDER = (1, 0, 2, 3)  # Green first.

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        slow, fast = (800, 1700, 1600, 900), (400, 850, 800, 450)
        self.timing = timing if isinstance(timing, tuple) else fast if timing else slow
        pin.init(Pin.OUT)

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        start = index * self.bpp
        return tuple(self.buf[start + self.ORDER[color]] for color in range(self.bpp))

    def __setitem__(self, index, value):
        start = index * self.bpp
        for color in range(self.bpp):
            self.buf[start + self.ORDER[color]] = value[color]

    def fill(self, value):
        for index in range(self.n):
            self[index] = value

    def write(self):
        bitstream(self.pin, 0, self.timing, self.buf)
