# A thermostat: the cloud sets the target, the board reports what it measures.
from alink import Device
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)
state = {"target": 20, "temperature": 18.5, "heating": 0}


@thing.property("target")
def set_target(value):
    if not 5 <= value <= 30:
        raise ValueError("target is %s, allowed are 5..30" % value)
    state["target"] = value
    return value


@thing.service("SelfTest")
def self_test(inputs):
    return {"passed": 1}


def measure():
    # Put the sensor and the relay of your board here.
    state["heating"] = 1 if state["temperature"] < state["target"] else 0


device.connect()
while True:
    measure()
    if device.online():
        device.post_properties(state)
    device.poll(60000)
