"""Actions on a device's tags, which the cloud API calls its Props."""

from __future__ import annotations

import itertools
import json
import re

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.pages import Page

_KEY = re.compile(r"[A-Za-z0-9_.\-@:]{1,30}")
_MOST = 100
_MAX_BYTES = 5 << 10
_MOST_ASKED = 10  # Tags in one call.


async def save(call: Call) -> Response:
    """Set tags of a device; those that are not named stay."""
    device = call.device()
    text = call.needed("Props")
    if len(text.encode()) > _MAX_BYTES:
        raise ApiError("iot.device.LongDevicePropertiesString")
    try:
        given = bounded_json.loads(text)
    except JsonError:
        given = None
    if not isinstance(given, dict) or not given:
        raise ApiError("iot.device.InvalidFormattedDevicePropertiesString")
    for key in given:
        if not _KEY.fullmatch(key):
            raise ApiError("iot.device.InvalidFormattedDevicePropertyKey", f"the key is {key!r}")
    tags = {**device.documents.get("tags", {}), **{key: _text(one) for key, one in given.items()}}
    if len(tags) > _MOST:
        raise ApiError("iot.device.TooManyDevicePropertiesPerTime")
    call.core.registry.keep(device, "tags", tags)
    return {}


async def query(call: Call) -> Response:
    """Return a device's tags as a JSON text."""
    tags = call.device().documents.get("tags", {})
    return {"Props": json.dumps(tags, ensure_ascii=False, separators=(",", ":"))}


async def delete(call: Call) -> Response:
    """Delete a tag of a device."""
    device = call.device()
    tags = dict(device.documents.get("tags", {}))
    if tags.pop(call.needed("PropKey"), None) is None:
        raise ApiError("iot.device.DeleteDevicePropertyFailed", "the device has no such tag")
    call.core.registry.keep(device, "tags", tags)
    return {}


async def query_devices(call: Call) -> Response:
    """Return a page of the instance's devices that have each of some tags."""
    wanted = named_tags(call, "Tag").items()
    registry, instance = call.core.registry, call.instance()
    found = [
        one
        for one in registry.devices.values()
        if registry.products[one.product_key].instance == instance
        and wanted <= one.documents.get("tags", {}).items()
    ]
    page = Page.of(call, found)
    infos = [
        {
            "DeviceName": one.name,
            "IotId": one.iot_id,
            "ProductKey": one.product_key,
            "ProductName": registry.products[one.product_key].name,
        }
        for one in page.items
    ]
    return {"Data": {"SimpleDeviceInfo": infos}, "Page": page.number, **page.facts}


def named_tags(call: Call, name: str) -> dict[str, str]:
    """Return the tags of a call, `NAME.1.TagKey` and so on. Raises ApiError."""
    found: dict[str, str] = {}
    for number in itertools.count(1):
        if (tag := call.item(name, number)) is None:
            break
        found[tag.text("TagKey")] = tag.text("TagValue")
    if not 1 <= len(found) <= _MOST_ASKED:
        raise ApiError(
            "iot.common.InvalidFormattedParameter", f"{name} takes 1 to {_MOST_ASKED} tags"
        )
    return found


ACTIONS = {
    "QueryDeviceByTags": ApiAction(query_devices, 5, ("Tag.1.TagKey", "Tag.1.TagValue")),
    "SaveDeviceProp": ApiAction(save, 50, ("Props",)),
    "QueryDeviceProp": ApiAction(query, 50),
    "DeleteDeviceProp": ApiAction(delete, 500, ("PropKey",)),
}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
