# A level meter: an HC-SR04 measures the distance; a lost echo is an event.
import time

from machine import Pin, time_pulse_us

from alink import Device, TransportError
from alink.thing import Thing

trigger = Pin(5, Pin.OUT, value=0)
echo = Pin(18, Pin.IN)


def distance_cm():
    trigger.off()
    time.sleep_us(2)
    trigger.on()
    time.sleep_us(10)
    trigger.off()
    pulse = time_pulse_us(echo, 1, 30000)
    return round(pulse / 58.2, 1) if pulse > 0 else None


device = Device.from_flash()
thing = Thing(device)
device.connect()
lost = False
while True:
    centimeters = distance_cm()
    if centimeters is not None:
        try:
            device.post_properties({"distance": centimeters})
        except TransportError:
            pass  # Not online, or no longer.
    elif not lost:
        try:
            thing.event("lost", {})
        except TransportError:
            pass  # Not online, or no longer.
    lost = centimeters is None
    device.poll(200)
