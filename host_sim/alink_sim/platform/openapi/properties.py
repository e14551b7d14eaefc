"""Actions on reported and desired property values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from alink_sim import thing_model
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.thing_model import checked_items, module_asked
from alink_sim.platform.openapi.times import milliseconds
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.topics import downlink, thing

_MOST_SAMPLES = 100
_MOST_CLEARED = 10


async def query_status(call: Call) -> Response:
    """Return the newest value of each property; one that was never reported has none."""
    device = call.device()
    times = device.documents.get("reported", {})
    infos = [
        {
            **_described(call, device, name),
            "Time": str(milliseconds(times.get(name))) if name in device.properties else "",
            "Value": _text(device.properties[name]) if name in device.properties else "",
        }
        for name in _identifiers(call, device, device.properties)
    ]
    return {"Data": {"List": {"PropertyStatusInfo": infos}}}


async def set_desired(call: Call) -> Response:
    """Set desired values; a device that is online gets them at once."""
    device = call.device()
    items = checked_items(call, device)
    current = device.documents.get("desired", {})
    versions = call.document("Versions") if call.text("Versions") else {}
    for name, version in versions.items():
        if version != current.get(name, {}).get("version", 0):
            raise ApiError(
                call.core.settings.desired_version_code, f"the version of {name} is another"
            )
    number, made = downlink.set_desired(call.core, device, items)
    return {"Data": {"MessageId": number, "Versions": json.dumps(made, separators=(",", ":"))}}


async def clear_desired(call: Call) -> Response:
    """Delete desired values; the version of a value that is set again begins at 1."""
    device = call.device()
    names = call.listed("Identifies")
    if not 1 <= len(names) <= _MOST_CLEARED:
        raise ApiError(
            "iot.common.InvalidFormattedParameter", f"Identifies takes 1 to {_MOST_CLEARED} names"
        )
    desired = device.documents.get("desired", {})
    kept = {name: one for name, one in desired.items() if name not in names}
    call.core.registry.keep(device, "desired", kept)
    versions = json.dumps(dict.fromkeys(names, 0), separators=(",", ":"))
    return {"Data": {"Versions": versions}}


async def query_desired(call: Call) -> Response:
    """Return desired values and their versions; of one that has none the version is 0."""
    device = call.device()
    desired = device.documents.get("desired", {})
    names = call.listed("Identifier") or list(_identifiers(call, device, desired))
    infos = []
    for name in names:
        found = desired.get(name, {"version": 0})
        value = {"Value": _text(found["value"])} if "value" in found else {}
        infos.append({**_described(call, device, name), **value, "Version": found["version"]})
    return {"Data": {"List": {"DesiredPropertyInfo": infos}}}


async def query_data(call: Call) -> Response:
    """Return what a property was, as far as the event log reaches."""
    name = call.needed("Identifier")
    samples, rest = _samples(call, call.device(), name)
    infos = [{"Time": str(time), "Value": value} for time, value in samples]
    return {"Data": {"List": {"PropertyInfo": infos}, **_next(rest)}}


async def query_several(call: Call) -> Response:
    """Return what some properties were, as far as the event log reaches."""
    device = call.device()
    names = call.listed("Identifier")
    if not names:
        raise ApiError("iot.common.InvalidFormattedParameter", "there is no Identifier.1")
    found, rests = [], []
    for name in names:
        samples, rest = _samples(call, device, name)
        rests += rest
        infos = [{"Time": time, "Value": value} for time, value in samples]
        found.append({"Identifier": name, "List": {"PropertyInfo": infos}})
    # The start of the next page: the first sample in the requested order that is left.
    backward = call.number("Asc") == 0
    nearest = [max(rests) if backward else min(rests)] if rests else []
    return {"PropertyDataInfos": {"PropertyDataInfo": found}, **_next(nearest)}


async def query_events(call: Call) -> Response:
    """Return which events a device posted, as far as the event log reaches."""
    device = call.device()
    model = call.core.registry.products[device.product_key].documents.get("thing") or {}
    described = dict(thing_model.features(model, "events"))
    wanted, kind = call.text("Identifier"), call.text("EventType")
    found = []
    for event, time in _posted(call, device, "event_posted"):
        name = event.detail["event"]
        about = described.get(name, {})
        if wanted in ("", name) and kind in ("", about.get("type")):
            output = _text(event.detail["values"])
            found.append(
                {
                    "EventType": about.get("type", ""),
                    "Identifier": name,
                    "Name": about.get("name", name),
                    "OutputData": output,
                    "Time": str(time),
                }
            )
    size = _page_size(call)
    rest = [int(one["Time"]) for one in found[size : size + 1]]
    return {"Data": {"List": {"EventInfo": found[:size]}, **_next(rest)}}


_SPAN = ("Asc", "StartTime", "EndTime", "PageSize")
ACTIONS = {
    "QueryDevicePropertyStatus": ApiAction(query_status, 200),
    "SetDeviceDesiredProperty": ApiAction(set_desired, 50, ("Items", "Versions")),
    "ClearDeviceDesiredProperty": ApiAction(clear_desired, 50),
    "QueryDeviceDesiredProperty": ApiAction(query_desired, 50),
    "QueryDevicePropertyData": ApiAction(query_data, 50, ("Identifier", *_SPAN)),
    "QueryDeviceEventData": ApiAction(query_events, 50, _SPAN),
    "QueryDevicePropertiesData": ApiAction(query_several, 10, _SPAN),
}


def _identifiers(call: Call, device: Device, known: Iterable[str]) -> Iterable[str]:
    """Return the properties of the module of a call; without a thing model, those reported."""
    model = thing.model_of(call.core, device.product_key)
    wanted = module_asked(call)
    if model and wanted and wanted not in model.modules:
        raise ApiError("iot.common.InvalidFormattedParameter", f"there is no module {wanted}")
    names = model.properties if model else known
    return [name for name in names if thing_model.module_of(name) == wanted]


def _described(call: Call, device: Device, name: str) -> Response:
    product = call.core.registry.products[device.product_key]
    model = thing.model_of(call.core, device.product_key)
    if model is None or name not in model.properties:
        return {"Identifier": name}
    listed = dict(thing_model.features(product.documents["thing"], "properties"))
    shown = listed[name].get("name", name)
    kind = model.properties[name]
    return {"Identifier": name, "Name": shown, "DataType": kind.name, "Unit": kind.unit}


def _samples(call: Call, device: Device, name: str) -> tuple[list[tuple[int, str]], list[int]]:
    """Return a page of (ms, value) in the order and span of a call, and where the next begins."""
    size = _page_size(call)
    found = [
        (time, _text(event.detail["values"][name]))
        for event, time in _posted(call, device, "property_posted")
        if name in event.detail["values"]
    ]
    return found[:size], [time for time, _ in found[size : size + 1]]


def _page_size(call: Call) -> int:
    size = call.number("PageSize")
    if not 1 <= size <= _MOST_SAMPLES:
        raise ApiError("iot.common.InvalidPageParams")
    return size


def _posted(call: Call, device: Device, kind: str) -> Iterator[tuple[Event, int]]:
    """Yield a device's events of a kind and their ms, in the order and span of a call."""
    start, end = call.number("StartTime"), call.number("EndTime")
    low, high = min(start, end), max(start, end)
    events = call.core.log.select(
        product_key=device.product_key, device_name=device.name, kind=kind
    )
    for event in reversed(events) if call.number("Asc") == 0 else events:
        if low <= (time := milliseconds(event.time)) <= high:
            yield event, time


def _next(rest: list[int]) -> Response:
    return {"NextValid": bool(rest), **({"NextTime": rest[0]} if rest else {})}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
