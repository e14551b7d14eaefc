"""Scripted faults: which trouble strikes whom, and when. The rooms above make it happen.

Imports no other room. `Fault` makes a fault, `platform.faults` takes it.
"""

from __future__ import annotations

from alink_sim.platform.faults.fault import Fault, FaultError
from alink_sim.platform.faults.script import Faults

__all__ = ["Fault", "FaultError", "Faults"]
