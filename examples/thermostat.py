# A thermostat: the cloud sets the target, the board reports its measurements. The ranges of the
# values are in thing.json, an export of the vendor's console, on the vfs beside main.py.
from alink import Device, TransportError

device = Device.from_flash(thing="thing.json")
thing = device.thing
state = {"target": 20, "temperature": 18.5, "heating": 0}


@thing.property("target")
def set_target(value):
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
    try:
        thing.post(state)
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(60000)
