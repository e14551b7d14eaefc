# A lamp whose firmware is replaced over the air, at night, into the other of two slots.
#
# `version` is a module frozen into each image: the image tells what it is, nothing else does.
from version import VERSION

from alink import Device, TransportError
from alink.ota import Ota

LARGEST = 1500000
lamp = {"hour": 3}  # The time of your own clock.


def on_offer(version, size, ext):
    if size > LARGEST:
        return "refuse"
    return "now" if 1 <= lamp["hour"] < 5 or ext.get("urgent") else "later"


device = Device.from_flash()
ota = Ota(device, VERSION, on_offer=on_offer)
print("lamp", VERSION)
device.connect()
while True:
    try:
        device.post_properties({"on": 1})
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(200)
    if ota.offer and lamp["hour"] == 1:
        ota.start()  # It was put off by day.
