"""Actions on single devices: registration, details and life cycle."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from alink_sim.platform import lifecycle
from alink_sim.platform.lifecycle import carry_out
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.names import is_nickname
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import gmt, milliseconds, moment, utc
from alink_sim.platform.state.entities import Device, NodeType, Status
from alink_sim.platform.state.ota_entities import DEFAULT_MODULE, version_of
from alink_sim.platform.state.registry import NAME

_STATUS = {
    Status.INACTIVE: "UNACTIVE",
    Status.ONLINE: "ONLINE",
    Status.OFFLINE: "OFFLINE",
    Status.DISABLED: "DISABLE",
}


async def register_device(call: Call) -> Response:
    """Pre-register a device; the name is made up where none is given."""
    product = call.product()
    name = call.text("DeviceName") or secrets.token_hex(10)
    if not NAME.fullmatch(name):
        raise ApiError("iot.device.InvalidFormattedDeviceName")
    if (product.key, name) in call.core.registry.devices:
        raise ApiError("iot.device.AlreadyExistedDeviceName")
    nickname = call.text("Nickname")
    if nickname and not is_nickname(nickname):
        raise ApiError("iot.device.InvalidFormattedNickname")
    device = call.core.registry.add_device(product.key, name)
    if nickname:
        call.core.registry.keep(device, "nickname", nickname)
    return {"Data": _named(device) | {"DeviceSecret": device.secret}}


async def query_device(call: Call) -> Response:
    """Return a page of a product's devices, with their DeviceSecrets."""
    product = call.product()
    found = [one for one in call.core.registry.devices.values() if one.product_key == product.key]
    page = Page.of(call, found, token=call.text("NextToken"))
    infos = [
        {**listed(one), "DeviceId": one.iot_id, "DeviceStatus": status(one)} for one in page.items
    ]
    response = {"Data": {"DeviceInfo": infos}, "Page": page.number, **page.facts}
    return response | ({"NextToken": page.next_token} if page.next_token else {})


async def query_detail(call: Call) -> Response:
    """Return a device, with its DeviceSecret and when it was made, activated and last online."""
    return {"Data": detail(call, call.device())}


async def query_info(call: Call) -> Response:
    """Return a device's names and its DeviceSecret."""
    device = call.device()
    return {"Data": _named(device) | {"DeviceSecret": device.secret}}


async def get_status(call: Call) -> Response:
    """Return a device's status and since when it has been so."""
    device = call.device()
    since = milliseconds(moment(device, "changed") or moment(device, "created"))
    return {"Data": {"Status": status(device), "Timestamp": since}}


def _doing(
    action_on: Callable[[str, str], lifecycle.Action[Device]],
) -> Callable[[Call], Awaitable[Response]]:
    """Return the API action that carries out an operator's action on the device a call names."""

    async def action(call: Call) -> Response:
        device = call.device()
        await carry_out(call.core, action_on(device.product_key, device.name))
        return {}

    return action


ACTIONS = {
    "RegisterDevice": ApiAction(register_device, 30, ("ProductKey",)),
    "QueryDevice": ApiAction(query_device, 50, ("ProductKey",)),
    "QueryDeviceDetail": ApiAction(query_detail, 50),
    "QueryDeviceInfo": ApiAction(query_info, 50),
    "GetDeviceStatus": ApiAction(get_status, 500),
    "DisableThing": ApiAction(_doing(lifecycle.disable), 500),
    "EnableThing": ApiAction(_doing(lifecycle.enable), 500),
    "DeleteDevice": ApiAction(_doing(lifecycle.remove), 50),
    "ResetThing": ApiAction(_doing(lifecycle.reset), 500),
}


def status(device: Device) -> str:
    """Return a device's status in the words of the cloud API."""
    return _STATUS[device.status]


def listed(device: Device) -> Response:
    """Return a device as lists show it, except for its status."""
    created = moment(device, "created")
    modified = max(device.documents.get("times", {}).values(), default=None)
    return {
        **_named(device),
        "DeviceSecret": device.secret,
        "GmtCreate": gmt(created),
        "GmtModified": gmt(modified),
        "UtcCreate": utc(created),
        "UtcModified": utc(modified),
    }


def detail(call: Call, device: Device) -> Response:
    """Return all that is known of a device."""
    product = call.core.registry.products[device.product_key]
    created, activated, online = (
        moment(device, name) for name in ("created", "activated", "online")
    )
    return {
        **_named(device),
        "DeviceSecret": device.secret,
        "FirmwareVersion": version_of(device.documents, DEFAULT_MODULE),
        "GmtActive": gmt(activated),
        "GmtCreate": gmt(created),
        "GmtOnline": gmt(online),
        "NodeType": int(product.node_type == NodeType.GATEWAY),
        "Owner": True,
        "ProductName": product.name,
        "Region": "cn-shanghai",
        "Status": status(device),
        "UtcActive": utc(activated),
        "UtcCreate": utc(created),
        "UtcOnline": utc(online),
    }


def _named(device: Device) -> Response:
    return {
        "IotId": device.iot_id,
        "ProductKey": device.product_key,
        "DeviceName": device.name,
        "Nickname": device.documents.get("nickname", ""),
    }
