# Sub-devices: registered, added, logged in, and each has posted.
import ssl  # noqa: F401
import sys
from time import ticks_add, ticks_diff, ticks_ms

import esp  # noqa: F401
import esp32  # noqa: F401
import machine  # noqa: F401

from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None, path="subs")
subs = gateway.sub_device(sys.argv[2], "+")
count = int(sys.argv[3])
posted = 0


def post():
    subs.post_properties({"number": 1}, on_reply=replied)


def replied(code, data, message):
    global posted
    posted += code == 200


subs.when_online(post)
for number in range(count):
    gateway.add(sys.argv[2], "sub-%03d" % number)
end = ticks_add(ticks_ms(), 40000)  # Short of heap, a gateway tries again for ever.
while posted < count and ticks_diff(end, ticks_ms()) > 0:
    gateway.poll(100)
if posted == count:
    print("DONE")
