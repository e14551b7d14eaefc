# The cloud sets the threshold, the board reports temperature and whether its fan runs.
from fan import Fan

from alink import Device, TransportError
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)
fan = Fan(30)


@thing.property("threshold")
def set_threshold(value):
    fan.threshold = value
    print("fan: threshold is now", value)
    return value


def temperature():
    # Put the sensor of your board here.
    return 28.5


device.connect()
while True:
    measured = temperature()
    try:
        device.post_properties({"temperature": measured, "fan": int(fan.measured(measured))})
    except TransportError:
        pass  # Not online, or no longer.
    device.poll(1000)
