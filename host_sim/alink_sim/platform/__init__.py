"""The mock IoT Platform: the rules of the real one, on a laptop. It knows no board."""

from __future__ import annotations

from alink_sim.platform.faults import Fault, FaultError
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.entities import ClientId, Device, Product, Status
from alink_sim.platform.state.event_log import Event, ExpectationError
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.state.settings import Settings, SettingsError
from alink_sim.platform.state.store import StoreError

__all__ = [
    "ClientId",
    "Device",
    "Event",
    "ExpectationError",
    "Fault",
    "FaultError",
    "Platform",
    "Product",
    "RegistryError",
    "Settings",
    "SettingsError",
    "Status",
    "StoreError",
]
