# Register, store, log in, post, reply: a first boot of the SDK.
import gc
import ssl  # noqa: F401
from time import ticks_diff, ticks_ms

import esp  # noqa: F401  (what stock firmware holds is there before the SDK is)
import esp32  # noqa: F401
import machine  # noqa: F401

replies = []
start = ticks_ms()


def log(text):
    if "heap is short" in text:
        raise SystemExit(1)  # A board would wait; here it is the answer.


def replied(number, code, text):
    replies.append(code)


gc.collect()
before = gc.mem_alloc()

from alink import Device  # noqa: E402

device = Device.from_flash(log=log)
device.on_reply = replied
device.connect()
device.post_properties({"temperature": 21.5})
while not replies:
    device.poll(1)
took = ticks_diff(ticks_ms(), start)
gc.collect()
print("DONE", replies[0], took, gc.mem_alloc() - before)
