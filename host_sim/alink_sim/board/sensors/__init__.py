"""Ready parts for the buses and pins of a board: attach one, set what it measures."""

from __future__ import annotations

from alink_sim.board.peripherals.buses import I2cDevice, RegisterDevice, SpiDevice
from alink_sim.board.peripherals.one_wire import OneWirePart
from alink_sim.board.sensors.bme280 import Bme280
from alink_sim.board.sensors.dht import Dht11, Dht22
from alink_sim.board.sensors.ds18b20 import Ds18b20
from alink_sim.board.sensors.hc_sr04 import HcSr04
from alink_sim.board.sensors.relay_board import RelayBoard
from alink_sim.board.sensors.sht3x import Sht3x

__all__ = [
    "Bme280",
    "Dht11",
    "Dht22",
    "Ds18b20",
    "HcSr04",
    "I2cDevice",
    "OneWirePart",
    "RegisterDevice",
    "RelayBoard",
    "Sht3x",
    "SpiDevice",
]
