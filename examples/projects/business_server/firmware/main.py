# A lamp: the business server switches it, and it reports the state that it has.
from machine import Pin

from alink import Device, TransportError
from alink.thing import Thing

lamp = Pin(2, Pin.OUT)
device = Device.from_flash()
thing = Thing(device)


@thing.property("on")
def switch(value):
    lamp.value(value)
    return value


device.connect()
while True:
    try:
        thing.post({"on": lamp.value()})
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(60000)
