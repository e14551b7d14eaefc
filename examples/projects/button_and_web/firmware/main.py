# A button beside a web server, on asyncio: each press is an event, and a page shows the counter.
import asyncio

from machine import Pin
from microdot import Microdot

from alink import Device, TransportError
from alink.thing import Thing

PORT = 80
button = Pin(4, Pin.IN, Pin.PULL_UP)
device = Device.from_flash()
thing = Thing(device)
app = Microdot()
presses = 0


@app.get("/")
async def show(request):
    return {"presses": presses, "online": bool(device.online())}


def post_counter():
    device.post_properties({"presses": presses})


async def watch():
    global presses
    was = button.value()
    while True:
        level = button.value()
        if was and not level:
            presses += 1
            print("presses:", presses)
            try:
                thing.event("pressed", {"count": presses})
            except TransportError:
                pass  # Not online: the counter goes out as the next session begins.
        was = level
        await asyncio.sleep_ms(50)  # Longer than the contacts bounce.


async def main():
    await asyncio.gather(device.run(), app.start_server(port=PORT), watch())


device.when_online(post_counter)
asyncio.run(main())
