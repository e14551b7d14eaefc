# A lamp: the business server switches it, and it reports the state that it has.
from alink import Device
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)


@thing.property("on")
def switch(value):
    # Set a pin of your board here.
    return value


device.connect()
thing.post({"on": 0})
device.loop()
