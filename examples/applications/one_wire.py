# Thermometers on a 1-Wire bus: each DS18B20 is a property named by its serial number.
import time

import ds18x20
import onewire
from machine import Pin

from alink import Device, TransportError

sensors = ds18x20.DS18X20(onewire.OneWire(Pin(4)))
roms = sensors.scan()
device = Device.from_flash()
device.connect()
while True:
    sensors.convert_temp()
    time.sleep_ms(750)
    try:
        device.post_properties({"t%d" % rom[1]: sensors.read_temp(rom) for rom in roms})
    except TransportError:
        pass  # Not online, or no longer.
    device.poll(500)
