"""Actions on gateways and their sub-devices."""

from __future__ import annotations

from typing import Any

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.devices import detail
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.state.entities import Device, NodeType
from alink_sim.platform.topics import sub_device_sessions


async def get_topology(call: Call) -> Response:
    """Return a page of a gateway's sub-devices."""
    gateway = _gateway(call, call.device())
    page = Page.of(call, call.core.registry.sub_devices_of(gateway), number="PageNo")
    infos = [
        {"IotId": one.iot_id, "ProductKey": one.product_key, "DeviceName": one.name}
        for one in page.items
    ]
    return {"Data": {"CurrentPage": page.number, "List": {"deviceInfo": infos}, **page.facts}}


async def remove_topology(call: Call) -> Response:
    """Remove a sub-device from its gateway's topology, end its session and tell the gateway."""
    device = call.device()
    if call.core.registry.gateway_of(device) is None:
        raise ApiError("iot.device.RemoveTopoRelationFailed")
    sub_device_sessions.separate(call.core, device, reason="the cloud deleted the topology")
    return {"Data": True}


async def ask_to_add(call: Call) -> Response:
    """Ask a gateway to take sub-devices into its topology; that it does is not waited for."""
    gateway = _gateway(call, call.device("Gw"))
    try:
        listed = bounded_json.loads(call.needed("DeviceListStr"))
    except JsonError:
        listed = None
    if not isinstance(listed, list) or not listed:
        raise ApiError("iot.common.InvalidFormattedParameter", "DeviceListStr is not a JSON list")
    wanted = [_named(call, one) for one in listed]
    sub_device_sessions.ask_to_add(
        call.core, gateway, [(one.product_key, one.name) for one in wanted]
    )
    return {"Data": {"MessageId": str(call.core.ids.long())}}


async def get_gateway(call: Call) -> Response:
    """Return the gateway of a sub-device."""
    gateway = call.core.registry.gateway_of(call.device())
    if gateway is None:
        raise ApiError("iot.device.QueryTopoRelationFailed")
    found = detail(call, gateway)
    # The vendor's spelling, here alone.
    found["iotId"], found["region"] = found.pop("IotId"), found.pop("Region")
    return {"Data": {**found, "NodeType": str(found["NodeType"])}}


ACTIONS = {
    "GetThingTopo": ApiAction(get_topology, 500, ("PageNo", "PageSize")),
    "RemoveThingTopo": ApiAction(remove_topology, 500),
    "NotifyAddThingTopo": ApiAction(ask_to_add, 500, ("DeviceListStr",)),
    "GetGatewayBySubDevice": ApiAction(get_gateway, 50),
}


def _gateway(call: Call, device: Device) -> Device:
    if call.core.registry.products[device.product_key].node_type != NodeType.GATEWAY:
        raise ApiError("iot.device.QueryTopoRelationFailed", "the device is not a gateway")
    return device


def _named(call: Call, one: Any) -> Device:
    if not isinstance(one, dict):
        raise ApiError("iot.common.InvalidFormattedParameter", "a sub-device is not an object")
    if iot_id := one.get("IotId") or one.get("iotId"):
        return call.device_with(str(iot_id))
    key, name = str(one.get("productKey", "")), str(one.get("deviceName", ""))
    return call.device_in(call.product_with(key), name)
