"""All actions of the cloud API, by name."""

from __future__ import annotations

from alink_sim.platform.openapi import (
    batches,
    bulk,
    client_ids,
    device_files,
    device_jobs,
    devices,
    messages,
    ota_jobs,
    ota_modules,
    ota_new_jobs,
    ota_packages,
    ota_tasks,
    product_tags,
    products,
    properties,
    shadows,
    tags,
    thing_model,
    topologies,
)
from alink_sim.platform.openapi.call import ApiAction

VERSION = "2018-01-20"
ACTIONS: dict[str, ApiAction] = {
    **products.ACTIONS,
    **product_tags.ACTIONS,
    **devices.ACTIONS,
    **bulk.ACTIONS,
    **batches.ACTIONS,
    **client_ids.ACTIONS,
    **device_jobs.ACTIONS,
    **device_files.ACTIONS,
    **messages.ACTIONS,
    **thing_model.ACTIONS,
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
