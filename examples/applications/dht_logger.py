# A DHT22 logger: a line of CSV in a file, and a post, for each measurement.
import dht
from machine import Pin

from alink import Device, TransportError

sensor = dht.DHT22(Pin(15))
device = Device.from_flash()
device.connect()
number = 0
while True:
    number += 1
    try:
        sensor.measure()
        values = {"temperature": sensor.temperature(), "humidity": sensor.humidity()}
        with open("log.csv", "a") as log:
            log.write("%d,%.1f,%.1f\n" % (number, values["temperature"], values["humidity"]))
        device.post_properties(values)
    except OSError as error:
        print("no sensor:", error)
    except TransportError:
        pass  # Not online, or no longer: the file has it.
    device.poll(500)
