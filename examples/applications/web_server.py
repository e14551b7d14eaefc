# A web page beside the session: microdot serves the state of a lamp, and switches it.
import asyncio

from machine import Pin
from microdot import Microdot

from alink import Device, TransportError
from alink.thing import Thing

PORT = 8080
lamp = Pin(2, Pin.OUT)
device = Device.from_flash()
thing = Thing(device)
app = Microdot()


@thing.property("lamp")
def switch(value):
    lamp.value(value)
    return value


@app.get("/lamp")
async def show(request):
    return {"lamp": lamp.value()}


@app.post("/lamp/<int:value>")
async def change(request, value):
    lamp.value(value)
    try:
        device.post_properties({"lamp": value})
    except TransportError:
        pass  # Not online, or no longer.
    return {"lamp": value}


async def main():
    await asyncio.gather(device.run(), app.start_server(host="127.0.0.1", port=PORT))


asyncio.run(main())
