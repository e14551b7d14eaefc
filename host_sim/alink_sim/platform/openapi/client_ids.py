"""Actions on the ClientIDs that preregistration-free registrations of a device were issued."""

from __future__ import annotations

from alink_sim.platform import lifecycle
from alink_sim.platform.lifecycle import carry_out
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.times import milliseconds


async def query(call: Call) -> Response:
    """Return a device's ClientIDs, never their DeviceTokens."""
    device = call.device()
    issued = [
        {"ClientId": one.client_id, "CreateTime": milliseconds(one.created)}
        for one in device.client_ids
    ]
    return {"Data": {"IotId": device.iot_id, "DynamicRegClientIds": issued}}


async def switch(call: Call) -> Response:
    """Let only one ClientID connect; the others' sessions end."""
    device = call.device()
    chosen = call.needed("ClientId")
    if chosen not in {one.client_id for one in device.client_ids}:
        raise ApiError(
            call.core.settings.unknown_client_id_code, "the device has no such ClientId"
        )
    await carry_out(call.core, lifecycle.switch(device.product_key, device.name, chosen))
    return {}


async def clear(call: Call) -> Response:
    """Void all ClientIDs: boards that used them have to register again."""
    device = call.device()
    await carry_out(call.core, lifecycle.clear(device.product_key, device.name))
    return {}


ACTIONS = {
    "QueryClientIds": ApiAction(query, 10, ("IotId",)),
    "TransformClientId": ApiAction(switch, 10, ("IotId", "ClientId")),
    "DeleteClientIds": ApiAction(clear, 10, ("IotId",)),
}
