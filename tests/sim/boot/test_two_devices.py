"""A program with two `Device`s is refused in a sentence, also while both boot in tasks."""

from __future__ import annotations

import pytest

from tests.sim.conftest import Rig

MAIN = """
import asyncio
from alink import Device

async def serve(name, device):
    try:
        await device.run()
    except RuntimeError as error:
        print(name, "is refused:", error)

async def main():
    await asyncio.gather(serve("one", Device.from_flash()), serve("two", Device.from_flash()))

asyncio.run(main())
"""


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
def test_second_device_of_tasks_is_refused(rig: Rig) -> None:
    board = rig.board("dev-1", main=MAIN)
    board.power_on()
    board.expect("two is refused: this program has another Device; call connect() on that one")
    rig.platform.expect("online")
    assert rig.kinds("dev-1").count("registered") == 1
