"""Scripted trouble: what a platform, or the way to it, does to a device on purpose."""

from __future__ import annotations

from alink_sim.platform.faults.fault import Fault, FaultError
from alink_sim.platform.faults.script import Faults

__all__ = ["Fault", "FaultError", "Faults"]
