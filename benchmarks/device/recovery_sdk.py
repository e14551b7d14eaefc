# Posts, waits until it is acknowledged, sleeps; through the SDK's outbox.
import time

from alink import Device
from alink.outbox import Outbox

device = Device.from_flash(log=None)
outbox = Outbox(device)
while True:
    outbox.post_properties({"temperature": 21.5})
    while len(outbox):
        device.connect()  # Nothing to do while there is a session.
        device.poll(1)
    time.sleep(20)
