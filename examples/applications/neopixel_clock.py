# A clock on a ring of 12 LEDs: hours red, minutes green, seconds blue. UTC from NTP.
import time

import neopixel
from machine import Pin

from alink import Device

ring = neopixel.NeoPixel(Pin(13), 12)


def show(hour, minute, second):
    ring.fill((0, 0, 0))
    for place, color in ((hour % 12, 0), (minute // 5, 1), (second // 5, 2)):
        shown = list(ring[place])
        shown[color] = 64
        ring[place] = tuple(shown)
    ring.write()


device = Device.from_flash()
device.connect()
while True:
    show(*time.gmtime()[3:6])
    device.poll(200)
