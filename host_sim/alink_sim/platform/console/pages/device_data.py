"""Device Details, thing model data: properties with plots, events, services, desired values."""

from __future__ import annotations

import itertools
from collections import defaultdict

from aiohttp import web

from alink_sim.platform.console import forms
from alink_sim.platform.console.charts import Point, Series
from alink_sim.platform.console.pages.device_frame import device_of, tab_address, tab_page
from alink_sim.platform.console.visit import Visit
from alink_sim.platform.state.entities import Device

_MOST_SAMPLES = 2000
_MOST_PROPERTIES = 200
_MOST_PLOTS = 12
_SHOWN = 100
_LONGEST_ANSWER = 2000


async def properties(visit: Visit) -> web.Response:
    """Show the newest value of each property, and plots of the numbers."""
    device = device_of(visit)
    model = visit.view.thing_model(device.product_key)
    kinds = model.properties if model else {}
    names = list(dict.fromkeys((*kinds, *device.properties)))
    writable = {name: kind for name, kind in kinds.items() if model and name in model.writable}
    samples = _samples(visit, device)
    return tab_page(
        visit,
        "device_properties.html",
        "properties",
        names=names[:_MOST_PROPERTIES],
        kinds=kinds,
        reported=device.documents.get("reported", {}),
        desired=device.documents.get("desired", {}),
        plots=[
            (name, kinds[name].unit if name in kinds else "", Series(name, points))
            for name, points in samples.items()
            if len(points) > 1
        ][:_MOST_PLOTS],
        fields=forms.fields(writable, device.properties),
        model=model,
    )


async def set_properties(visit: Visit) -> web.Response:
    """Send a property set, or keep desired values, with the values of the form."""
    device = device_of(visit)
    cloud = visit.view.cloud
    wants_desired = visit.part("how") == "desired"
    done = (
        visit.words("The desired values were set.")
        if wants_desired
        else visit.words("The property set was sent; the answer of the device is in its messages.")
    )

    async def send() -> None:
        values = _values(visit, device)
        if wants_desired:
            await visit.view.do(cloud.set_desired, device.product_key, device.name, values)
        else:
            visit.view.check_online(device)
            await visit.view.do(cloud.set_properties, device.product_key, device.name, values)

    there = tab_address(device, "desired" if wants_desired else "properties")
    return await visit.attempt(send(), then=there, done=done)


async def desired(visit: Visit) -> web.Response:
    """Show the desired values with their versions."""
    device = device_of(visit)
    model = visit.view.thing_model(device.product_key)
    kinds = {
        name: kind
        for name, kind in (model.properties.items() if model else ())
        if model and name in model.writable
    }
    values = {name: one["value"] for name, one in device.documents.get("desired", {}).items()}
    return tab_page(
        visit,
        "device_desired.html",
        "desired",
        desired=device.documents.get("desired", {}),
        fields=forms.fields(kinds, values),
    )


async def events(visit: Visit) -> web.Response:
    """Show the events that the device posted."""
    device = device_of(visit)
    newest = visit.view.journal.of_device(device.product_key, device.name)
    posted = (event for event in newest if event.kind == "event_posted")
    return tab_page(
        visit, "device_events.html", "events", posted=list(itertools.islice(posted, _SHOWN))
    )


async def services(visit: Visit) -> web.Response:
    """Show the services of the thing model, a form for each, and the newest answers."""
    device = device_of(visit)
    model = visit.view.thing_model(device.product_key)
    newest = visit.view.journal.of_device(device.product_key, device.name)
    calls = (
        event
        for event in newest
        if event.kind in ("answered", "sent", "not_sent")
        and "/service/" in (topic := str(event.detail.get("topic", "")))
        and not topic.endswith("/service/property/set")
    )
    return tab_page(
        visit,
        "device_services.html",
        "services",
        services=[
            (name, service, forms.fields(service.inputs))
            for name, service in (model.services.items() if model else ())
        ],
        calls=list(itertools.islice(calls, 20)),
    )


async def call(visit: Visit) -> web.Response:
    """Call a service; the answer of a synchronous one becomes the notice."""
    device = device_of(visit)
    there = tab_address(device, "services")
    name = visit.field("service")
    view, cloud = visit.view, visit.view.cloud
    model = view.thing_model(device.product_key)
    service = model.services.get(name) if model else None
    try:
        if service:
            inputs = forms.read(visit.form, service.inputs)
        else:
            inputs = forms.read_json(visit.field("json"), "the input")
        view.check_online(device)
        if service and service.synchronous:
            answer = await view.do(
                cloud.call_service_sync, device.product_key, device.name, name, inputs
            )
            text = answer.payload.decode(errors="replace")[:_LONGEST_ANSWER]
            notice = visit.words("Service %(name)s ended with", name=name)
            return visit.go(
                there, f"{notice} {answer.code.value}. {text}", is_error=answer.code != "SUCCESS"
            )
        number = await view.do(cloud.call_service, device.product_key, device.name, name, inputs)
    except ValueError as error:
        return visit.go(there, visit.says(error), is_error=True)
    return visit.go(
        there, visit.words("Service %(name)s was called, id %(id)s.", name=name, id=number)
    )


def _values(visit: Visit, device: Device) -> dict[str, object]:
    model = visit.view.thing_model(device.product_key)
    if visit.field("json"):
        values = forms.read_json(visit.field("json"), "the value")
    else:
        values = forms.read(visit.form, model.properties if model else {})
    if not values:
        raise forms.FieldError(visit.words("Enter at least one value."))
    return values


def _samples(visit: Visit, device: Device) -> dict[str, list[Point]]:
    """Return the numbers that each property had, oldest first."""
    newest = visit.view.journal.of_device(device.product_key, device.name)
    posted = (event for event in newest if event.kind == "property_posted")
    samples: defaultdict[str, list[Point]] = defaultdict(list)
    for event in reversed(list(itertools.islice(posted, _MOST_SAMPLES))):
        for name, value in event.detail.get("values", {}).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                samples[name].append((event.time, float(value)))
    return samples


ROUTES = (
    ("GET", "/devices/{pk}/{dn}/properties", properties),
    ("POST", "/devices/{pk}/{dn}/{how:properties|desired}", set_properties),
    ("GET", "/devices/{pk}/{dn}/desired", desired),
    ("GET", "/devices/{pk}/{dn}/events", events),
    ("GET", "/devices/{pk}/{dn}/services", services),
    ("POST", "/devices/{pk}/{dn}/services", call),
)
