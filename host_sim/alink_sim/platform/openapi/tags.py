"""Actions on a device's tags, which the cloud API calls its Props."""

from __future__ import annotations

import json
import re

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError

_KEY = re.compile(r"[A-Za-z0-9_.\-@:]{1,30}")
_MOST = 100
_MAX_BYTES = 5 << 10


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


ACTIONS = {
    "SaveDeviceProp": ApiAction(save, 50, ("Props",)),
    "QueryDeviceProp": ApiAction(query, 50),
    "DeleteDeviceProp": ApiAction(delete, 500, ("PropKey",)),
}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
