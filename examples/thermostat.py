# A thermostat: the cloud sets the target, the board reports its measurements. The ranges of the
# values are in thing.json, an export of the vendor's console, on the vfs beside main.py.
from alink import Device, TransportError

device = Device.from_flash(thing="thing.json")
thing = device.thing
target = 20


@thing.property("target")
def set_target(value):
    global target
    target = value
    return value


@thing.service("SelfTest")
def self_test(inputs):
    return {"passed": 1}


def measure():
    # Put the sensor of your board here.
    return 18.5


device.connect()
while True:
    temperature = measure()
    heating = int(temperature < target)  # And its relay here.
    try:
        thing.post({"target": target, "temperature": temperature, "heating": heating})
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(60000)
