"""The asyncio face of a device: its engine as a task beside others."""

import asyncio

from micropython import const

_ONLINE_MS = const(20)  # How late a message may be noticed.
_OFFLINE_MS = const(200)


async def run(device):
    """Become online and serve for ever; canceling closes the session in good order."""
    try:
        while True:
            wait = device._step()
            if device.feed:
                device.feed()
            await asyncio.sleep_ms(min(wait, _ONLINE_MS if device.online() else _OFFLINE_MS))
    finally:
        device.close()
