"""Actions on many devices of a product at once."""

from __future__ import annotations

from typing import Any

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.devices import detail, listed, status
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.names import is_nickname
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.thing_model import checked_inputs, checked_items
from alink_sim.platform.openapi.times import milliseconds, moment, utc
from alink_sim.platform.state.entities import Device, Status
from alink_sim.platform.topics import downlink

_NUMBERS = {0: Status.INACTIVE, 1: Status.ONLINE, 3: Status.OFFLINE, 8: Status.DISABLED}


async def get_states(call: Call) -> Response:
    """Return the statuses of up to 50 devices."""
    iot_ids = call.listed("IotId")
    found = [call.device_with(one) for one in iot_ids] if iot_ids else _named(call)
    states = [
        {
            "DeviceId": device.iot_id,
            "DeviceName": device.name,
            "IotId": device.iot_id,
            "LastOnlineTime": utc(moment(device, "online")),
            "Status": status(device),
            "Timestamp": milliseconds(moment(device, "changed")),
        }
        for device in _few(found, 50)
    ]
    return {"DeviceStatusList": {"DeviceStatus": states}}


async def query_details(call: Call) -> Response:
    """Return up to 100 devices, with their DeviceSecrets."""
    return {"Data": {"Data": [detail(call, one) for one in _few(_named(call), 100)]}}


async def query_by_status(call: Call) -> Response:
    """Return a page of the devices that have a status: 0 inactive, 1 online, 3 off, 8 disabled."""
    product = call.product()
    wanted = _NUMBERS.get(call.number("Status"))
    found = [one for one in _all(call, product.key) if wanted in (None, one.status)]
    page = Page.of(call, found)
    infos = [{**listed(one), "Status": status(one)} for one in page.items]
    return {"Data": {"SimpleDeviceInfo": infos}, "Page": page.number, **page.facts}


async def query_statistics(call: Call) -> Response:
    """Return how many devices there are, how many of them activated, how many online."""
    key = call.product().key if call.text("ProductKey") else ""
    found = _all(call, key)
    return {
        "Data": {
            "deviceCount": len(found),
            "activeCount": sum(one.activated for one in found),
            "onlineCount": sum(one.status is Status.ONLINE for one in found),
        }
    }


async def update_nicknames(call: Call) -> Response:
    """Give up to 100 devices a nickname each, all or none; "" takes one away."""
    changes: list[tuple[Device, str]] = []
    while item := call.item("DeviceNicknameInfo", len(changes) + 1):
        nickname = item.text("Nickname")
        if nickname and not is_nickname(nickname):
            raise ApiError("iot.device.InvalidFormattedNickname")
        changes.append((item.device(), nickname))
    _few([device for device, _ in changes], 100)
    for device, nickname in changes:
        call.core.registry.keep(device, "nickname", nickname)
    return {}


async def set_property(call: Call) -> Response:
    """Ask up to 100 devices to take property values."""
    found = _few(_named(call), 100)
    for device in found:
        _tell(call, device, "property/set", checked_items(call, device))
    return {}


async def invoke_service(call: Call) -> Response:
    """Call a service of up to 100 devices, without waiting for the results."""
    found = _few(_named(call), 100)
    for device in found:
        _tell(call, device, call.text("Identifier"), checked_inputs(call, device))
    return {}


ACTIONS = {
    "BatchGetDeviceState": ApiAction(get_states, 50),
    "BatchQueryDeviceDetail": ApiAction(query_details, 5, ("ProductKey",)),
    "QueryDeviceByStatus": ApiAction(query_by_status, 50, ("ProductKey", "Status")),
    "QueryDeviceStatistics": ApiAction(query_statistics, 50),
    "BatchUpdateDeviceNickname": ApiAction(update_nicknames, 10),
    "SetDevicesProperty": ApiAction(set_property, 10, ("ProductKey", "Items")),
    "InvokeThingsService": ApiAction(invoke_service, 10, ("ProductKey", "Identifier", "Args")),
}


def _named(call: Call) -> list[Device]:
    product = call.product()
    return [call.device_in(product, one) for one in call.listed("DeviceName")]


def _few(found: list[Device], most: int) -> list[Device]:
    if not found:
        raise ApiError("iot.device.NoneDeviceNameElement")
    if len(found) > most:
        raise ApiError("iot.device.DeviceCountExceeded")
    return found


def _all(call: Call, product_key: str) -> list[Device]:
    """Return a product's devices, or with "" all of the instance."""
    registry = call.core.registry
    instance = call.instance()
    return [
        one
        for one in registry.devices.values()
        if product_key in ("", one.product_key)
        and registry.products[one.product_key].instance == instance
    ]


def _tell(call: Call, device: Device, service: str, params: Any) -> None:
    if device.activated:  # The others hear nothing, and the caller of many is not told of one.
        downlink.call(call.core, device, service, params)
