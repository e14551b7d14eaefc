# A servo that the cloud turns: 0 to 180 degrees are pulses of 0.5 to 2.5 ms, 50 times a second.
from machine import PWM, Pin

from alink import Device, TransportError
from alink.thing import Thing

servo = PWM(Pin(18), freq=50, duty_ns=1500000)
device = Device.from_flash()
thing = Thing(device)


@thing.property("angle")
def turn(value):
    servo.duty_ns(500000 + value * 2000000 // 180)
    return value


device.connect()
try:
    device.post_properties({"angle": 90})
except TransportError:
    pass  # Not online, or no longer.
device.loop()
