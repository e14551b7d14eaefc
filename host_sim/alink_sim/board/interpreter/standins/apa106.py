# `apa106` of an ESP32: LEDs like WS2812 that take red first.
from neopixel import NeoPixel


class APA106(NeoPixel):
    ORDER = (0, 1, 2, 3)
