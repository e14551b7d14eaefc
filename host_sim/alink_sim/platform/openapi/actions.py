"""All actions of the cloud API, by name."""

from __future__ import annotations

from alink_sim.platform.openapi import (
    batches,
    client_ids,
    devices,
    many,
    messages,
    ota_jobs,
    ota_modules,
    ota_new_jobs,
    ota_packages,
    ota_tasks,
    products,
    properties,
    shadows,
    tags,
    things,
    topologies,
)
from alink_sim.platform.openapi.call import ApiAction

VERSION = "2018-01-20"
ACTIONS: dict[str, ApiAction] = {
    **products.ACTIONS,
    **devices.ACTIONS,
    **many.ACTIONS,
    **batches.ACTIONS,
    **client_ids.ACTIONS,
    **messages.ACTIONS,
    **things.ACTIONS,
    **properties.ACTIONS,
    **shadows.ACTIONS,
    **topologies.ACTIONS,
    **tags.ACTIONS,
    **ota_packages.ACTIONS,
    **ota_modules.ACTIONS,
    **ota_new_jobs.ACTIONS,
    **ota_jobs.ACTIONS,
    **ota_tasks.ACTIONS,
}
