"""Actions on what a device is: its properties and services."""

from __future__ import annotations

import json

from alink_sim import bounded_json, thing_model
from alink_sim.bounded_json import JsonError
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.state.data_script import ScriptError
from alink_sim.platform.state.entities import Device
from alink_sim.platform.topics import downlink, rrpc, thing
from alink_sim.platform.topics.rrpc import RrpcCode
from alink_sim.thing_model import ThingModelError

_SYNC_MS = 8000
_DEFAULT_BLOCK = "default"


async def set_property(call: Call) -> Response:
    """Ask a device to take property values."""
    device = _active(call)
    items = checked_items(call, device)
    number, _ = downlink.call(call.core, device, "property/set", items)
    return {"Data": {"MessageId": number}}


async def invoke_service(call: Call) -> Response:
    """Call a service: wait for its result if the thing model says it is synchronous."""
    device = _active(call)
    name = call.needed("Identifier")
    inputs = checked_inputs(call, device)
    model = thing.model_of(call.core, device.product_key)
    if model and model.services[name].synchronous:
        return await _invoke_now(call, device, name, inputs)
    number, _ = downlink.call(call.core, device, name, inputs)
    return {"Data": {"MessageId": number}}


async def _invoke_now(call: Call, device: Device, name: str, inputs: Response) -> Response:
    try:
        made = await rrpc.call(call.core, device, name, inputs, timeout_ms=_SYNC_MS)
    except ScriptError as error:
        raise ApiError("iot.device.InvokeThingServiceFailed", str(error)) from error
    if made.code is not RrpcCode.SUCCESS:
        raise ApiError(f"iot.messagebroker.{made.code.value}", "the device did not reply")
    try:
        reply = bounded_json.loads(made.payload)
        code, data = reply["code"], reply.get("data", {})
    except (JsonError, KeyError, TypeError, AttributeError) as error:
        raise ApiError(
            "iot.device.InvokeThingServiceFailed", "the device's reply is malformed"
        ) from error
    if code != 200:
        said = f"the device replied with {code}: {reply.get('message', '')}"
        raise ApiError("iot.device.InvokeThingServiceFailed", said)
    result = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return {"Data": {"MessageId": made.message_id, "Result": result}}


async def tsl(call: Call) -> Response:
    """Return the thing model of a product or of one module as text; "" without one."""
    wanted = module_asked(call)
    model = thing_model.module(call.product().documents.get("thing") or {}, wanted)
    if model is None:
        raise ApiError("iot.common.InvalidFormattedParameter", f"there is no module {wanted}")
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":")) if model else ""
    return {"Data": {"TslStr": text}}


async def import_tsl(call: Call) -> Response:
    """Give a product the thing model of a TSL, or one of its modules; it is valid at once."""
    product = call.product()
    current = product.documents.get("thing") or {}
    model = thing_model.with_module(
        current, module_asked(call), call.text("FunctionBlockName"), call.document("TslStr")
    )
    try:
        thing_model.parse(model)
    except ThingModelError as error:
        raise ApiError("iot.common.InvalidFormattedParameter", f"TslStr: {error}") from error
    call.core.registry.keep(product, "thing", model)
    return {}


def module_asked(call: Call) -> str:
    """Return the module that a call names, "" for the default module."""
    named = call.text("FunctionBlockId")
    return "" if named == _DEFAULT_BLOCK else named


def checked_items(call: Call, device: Device) -> Response:
    """Return the Items of a call, if the thing model lets the cloud set them. Raises ApiError."""
    items = call.document("Items")
    if wrong := downlink.why_not_set(call.core, device, items):
        raise ApiError("iot.device.SetDevicePropertyFailed", wrong)
    return items


def checked_inputs(call: Call, device: Device) -> Response:
    """Return the Args of a call, if they are those of its service. Raises ApiError."""
    inputs = call.document("Args")
    if wrong := downlink.why_not_called(call.core, device, call.text("Identifier"), inputs):
        raise ApiError("iot.device.InvokeThingServiceFailed", wrong)
    return inputs


def _active(call: Call) -> Device:
    device = call.device()
    if not device.activated:
        raise ApiError("iot.device.InactiveDevice")
    return device


ACTIONS = {
    "GetThingModelTsl": ApiAction(tsl, 50, ("ProductKey",)),
    "GetThingModelTslPublished": ApiAction(tsl, 50, ("ProductKey",)),
    "ImportThingModelTsl": ApiAction(import_tsl, 5, ("ProductKey", "TslStr")),
    "SetDeviceProperty": ApiAction(set_property, 500, ("Items",)),
    "InvokeThingService": ApiAction(invoke_service, 500, ("Identifier", "Args")),
}
