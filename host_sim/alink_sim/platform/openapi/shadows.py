"""Actions on a device's shadow (docs/reference/protocol.md, "Shadow")."""

from __future__ import annotations

import json
from typing import Any

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.topics import downlink
from alink_sim.platform.topics.shadow import Shadow, ShadowError

_MAX_BYTES = 16 << 10
_FAMILY = "iot.messagebroker"


async def get_shadow(call: Call) -> Response:
    """Return a device's shadow as a JSON text."""
    shadow = Shadow.of(call.device())
    document = {
        "state": shadow.state,
        "metadata": shadow.metadata,
        "timestamp": int(call.core.clock.time()),
        "version": shadow.version,
    }
    return {"ShadowMessage": json.dumps(document, ensure_ascii=False, separators=(",", ":"))}


async def update_shadow(call: Call) -> Response:
    """Set the desired values of a shadow, or with DeltaUpdate some, and send them."""
    device = call.device()
    desired, version = _parsed(call.needed("ShadowMessage"))
    if version == 0:  # The caller keeps no versions.
        version = Shadow.of(device).version + 1
    replaces = call.text("DeltaUpdate").lower() != "true"
    try:
        downlink.set_shadow(call.core, device, desired, version=version, replaces=replaces)
    except ShadowError as error:
        conflict = error.args[0] == 409
        code = "InvalidVersionValueInShadowMessage" if conflict else "TooManyElementInDesire"
        raise ApiError(f"{_FAMILY}.{code}") from error
    return {}


ACTIONS = {
    "GetDeviceShadow": ApiAction(get_shadow, 500, ("ProductKey", "DeviceName")),
    "UpdateDeviceShadow": ApiAction(
        update_shadow, 500, ("ProductKey", "DeviceName", "ShadowMessage")
    ),
}


def _parsed(text: str) -> tuple[dict[str, Any], int]:
    """Return desired values and version of a message. Raises ApiError."""
    if len(text.encode()) > _MAX_BYTES:
        raise ApiError(f"{_FAMILY}.ShadowMessageLengthIsLarge")
    try:
        message = bounded_json.loads(text)
    except JsonError:
        message = None
    if not isinstance(message, dict):
        raise ApiError(f"{_FAMILY}.ShadowMessageIsNotJson")
    if "method" not in message:
        raise ApiError(f"{_FAMILY}.NotFoundMethodInShadowMessage")
    if message["method"] != "update":
        raise ApiError(f"{_FAMILY}.MethodValueIsNotUpdate")
    if not isinstance(message.get("state"), dict):
        raise ApiError(f"{_FAMILY}.NotFoundStateInShadowMessage")
    if "desired" not in message["state"]:
        raise ApiError(f"{_FAMILY}.NotFoundDesireInShadowMessage")
    desired = message["state"]["desired"]
    if not isinstance(desired, dict):
        raise ApiError(f"{_FAMILY}.DesireInfoInShadowMessageIsNotJson")
    if not desired:
        raise ApiError(f"{_FAMILY}.NoneElementInDesire")
    if message.get("version") is None:
        raise ApiError(f"{_FAMILY}.NotFoundVersionOrNullVersionValue")
    version = message["version"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise ApiError(f"{_FAMILY}.InvalidVersionValueInShadowMessage")
    return desired, version
