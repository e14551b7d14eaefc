"""Boards that complete their DeviceName: one certificate for a whole line, one device for each."""

from __future__ import annotations

import pytest

from tests.sim.conftest import Rig

MAIN = """
from alink import Device
device = Device.from_flash(%s)
device.connect()
print("connected as", device.device_name)
"""
MAC = "a0b765123456"  # Of a simulated board.


@pytest.mark.simulated("its MAC is known")
def test_burned_pattern_registers_once_by_its_mac(rig: Rig) -> None:
    name = f"lamp-{MAC[-6:]}"
    with rig.board(
        name, main=MAIN % "", register=False, method="regnwl", device_name="lamp-{mac:6}"
    ) as board:
        for _ in range(2):
            board.power_on()
            board.expect(f"connected as {name}")
            assert board.wait() == "halted"
    assert rig.kinds(name).count("registered") == 1
    assert rig.kinds(name).count("online") == 2


def test_set_pattern_replaces_the_burned_name(rig: Rig) -> None:
    rig.platform.console.add_device(rig.product_key, f"unit.{MAC}")
    main = MAIN % 'device_name="unit.{uid}"'
    with rig.board("dev-1", main=main, register=False, layout="stock") as board:
        for _ in range(2):
            board.power_on()
            board.expect(f"connected as unit.{MAC}")
            assert board.wait() == "halted"
    assert rig.kinds(f"unit.{MAC}").count("registered") == 1
