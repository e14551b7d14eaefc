# A thermostat: the cloud sets the target, the board reports what it measures. thing.json beside it
# is an export of the vendor's console and has the ranges of the values.
from machine import ADC, Pin

from alink import Device, TransportError

sensor = ADC(Pin(34))  # LM35: 10 mV for each degree.
relay = Pin(26, Pin.OUT)
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
    return {"passed": int(5 < measure() < 40)}


def measure():
    return round(sensor.read_uv() / 10000, 1)


device.connect()
while True:
    temperature = measure()
    heating = int(temperature < target)
    relay.value(heating)
    try:
        thing.post({"target": target, "temperature": temperature, "heating": heating})
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(60000)
