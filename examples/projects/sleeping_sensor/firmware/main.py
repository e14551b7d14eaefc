# A sensor on a battery: measure, queue, send the queue, sleep. Nothing measured is lost: the
# queue lies on the vfs until the platform has acknowledged it.
import time

from machine import ADC, Pin

from alink import Device, utc
from alink.outbox import Outbox

ASLEEP_MS = 600000
AWAKE_MS = 20000

device = Device.from_flash()
outbox = Outbox(device, path="/outbox", drop=True)


def measure():
    # LM35: 10 mV for each degree.
    return round(ADC(Pin(34)).read_uv() / 10000, 1)


sample = {"value": measure()}
if utc.is_set():  # A cold board sets its clock later; after deep sleep it is right.
    sample["time"] = utc.now() * 1000
outbox.post_properties({"temperature": sample})
end = time.ticks_add(time.ticks_ms(), AWAKE_MS)
while len(outbox) and time.ticks_diff(end, time.ticks_ms()) > 0:
    device.poll(200)
device.sleep(ASLEEP_MS)
