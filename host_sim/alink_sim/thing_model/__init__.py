"""A product's thing model (TSL): read from the console's export, and what it says of values."""

from __future__ import annotations

from alink_sim.thing_model.check import Complaint, check_event, check_properties, check_service
from alink_sim.thing_model.model import Kind, ThingModel, ThingModelError, parse, read
from alink_sim.thing_model.stub import stub

__all__ = [
    "Complaint",
    "Kind",
    "ThingModel",
    "ThingModelError",
    "check_event",
    "check_properties",
    "check_service",
    "parse",
    "read",
    "stub",
]
