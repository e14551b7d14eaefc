"""All actions of the cloud API, by name."""

from __future__ import annotations

from alink_sim.platform.openapi import batches, devices, messages, things
from alink_sim.platform.openapi.call import Action

VERSION = "2018-01-20"
ACTIONS: dict[str, Action] = {
    **devices.ACTIONS,
    **batches.ACTIONS,
    **messages.ACTIONS,
    **things.ACTIONS,
}
