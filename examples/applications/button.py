# A button with debounce: the edge starts a timer, and the timer looks whether it is still pressed.
from machine import Pin, Timer

from alink import Device, TransportError
from alink.thing import Thing

DEBOUNCE_MS = 30
button = Pin(4, Pin.IN, Pin.PULL_UP)
timer = Timer(0)
presses = 0
reported = 0


def settled(_):
    global presses
    if not button.value():
        presses += 1


def edge(_):
    timer.init(mode=Timer.ONE_SHOT, period=DEBOUNCE_MS, callback=settled)


button.irq(edge, Pin.IRQ_FALLING)
device = Device.from_flash()
thing = Thing(device)
device.connect()
print("ready")
while True:
    device.poll(20)
    if presses != reported:
        reported = presses
        try:
            thing.event("pressed", {"count": reported})
        except TransportError:
            pass  # Not online, or no longer.
