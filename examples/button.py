# A button on asyncio: each press is an event, beside whatever else the program does.
import asyncio

from alink import Device
from alink.thing import Thing

device = Device.from_flash()
thing = Thing(device)
presses = 0


def is_pressed():
    # On a board: `return not pin.value()` of a machine.Pin with a pull-up.
    return True


async def watch():
    global presses
    while True:
        if is_pressed() and device.online():
            presses += 1
            thing.event("pressed", {"count": presses})
        await asyncio.sleep_ms(500)


async def main():
    await asyncio.gather(device.run(), watch())


asyncio.run(main())
