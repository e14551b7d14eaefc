# The application: five lines from power-up to a posted property.
from alink import Device

device = Device.from_flash()
device.connect()
device.post_properties({"temperature": 21.5})
device.loop()
