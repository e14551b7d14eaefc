"""Actions on single devices: registration."""

from __future__ import annotations

import secrets

from alink_sim.platform.entities import Device
from alink_sim.platform.openapi.call import Action, Answer, Call
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.registry import NAME


async def register_device(call: Call) -> Answer:
    """Pre-register a device; the name is made up where none is given."""
    product = call.product()
    name = call.text("DeviceName") or secrets.token_hex(10)
    if not NAME.fullmatch(name):
        raise ApiError("iot.device.InvalidFormattedDeviceName")
    if (product.key, name) in call.core.registry.devices:
        raise ApiError("iot.device.AlreadyExistedDeviceName")
    device = call.core.registry.add_device(product.key, name)
    await call.core.commits.settled()
    return {"Data": credentials(device)}


def credentials(device: Device) -> Answer:
    """Return what a new device is burned with."""
    return {
        "IotId": device.iot_id,
        "ProductKey": device.product_key,
        "DeviceName": device.name,
        "DeviceSecret": device.secret,
    }


ACTIONS = {"RegisterDevice": Action(register_device, 30, ("ProductKey",))}
