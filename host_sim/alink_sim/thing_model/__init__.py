"""The thing model (TSL) of a product: read the console's export, check values against it."""

from __future__ import annotations

from alink_sim.thing_model.check import Violation, check_event, check_properties, check_service
from alink_sim.thing_model.compiled import compiled
from alink_sim.thing_model.model import (
    Kind,
    ThingModel,
    ThingModelError,
    document,
    parse,
    read,
)
from alink_sim.thing_model.modules import features, module, module_of, with_module
from alink_sim.thing_model.stub import stub

__all__ = [
    "Kind",
    "ThingModel",
    "ThingModelError",
    "Violation",
    "check_event",
    "check_properties",
    "check_service",
    "compiled",
    "document",
    "features",
    "module",
    "module_of",
    "parse",
    "read",
    "stub",
    "with_module",
]
