# A relay that the cloud switches, active low, and a button that switches it by hand.
from machine import Pin, Signal

from alink import Device, TransportError
from alink.thing import Thing

relay = Signal(Pin(26, Pin.OUT, value=1), invert=True)
button = Pin(0, Pin.IN, Pin.PULL_UP)
device = Device.from_flash()
thing = Thing(device)


@thing.property("relay")
def switch(value):
    relay.value(value)
    return value


device.connect()
was = 1
while True:
    device.poll(20)
    level = button.value()
    if was and not level:
        relay.value(not relay.value())
        try:
            device.post_properties({"relay": relay.value()})
        except TransportError:
            pass  # Not online, or no longer.
    was = level
