"""Device Details: the certificate, its ClientIDs, its life."""

from __future__ import annotations

import itertools

from aiohttp import web

from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.pages.device_frame import device_of, tab_address, tab_page
from alink_sim.platform.console.visit import Visit

_HISTORY = (
    "online",
    "offline",
    "kicked",
    "registered",
    "registration_refused",
    "login_refused",
    "client_id_alert",
)
_SHOWN = 30


async def details(visit: Visit) -> web.Response:
    """Show a device."""
    return _details(visit)


async def secret(visit: Visit) -> web.Response:
    """Show a device with its DeviceSecret."""
    return _details(visit, shows_secret=True)


async def choose(visit: Visit) -> web.Response:
    """Say what a Switch to the chosen ClientID blocks, and ask for a confirmation."""
    device = device_of(visit)
    chosen = visit.query("client_id")
    if chosen not in {one.client_id for one in device.client_ids}:
        notice = visit.words("Select a ClientID of this device.")
        return visit.go(tab_address(device), notice, is_error=True)
    return visit.page(
        "switch.html",
        device=device,
        chosen=chosen,
        in_use=visit.view.client_ids_in_use(device),
    )


async def switch(visit: Visit) -> web.Response:
    """Keep one ClientID and block the others."""
    device = device_of(visit)
    client_id = visit.field("client_id")
    return await visit.attempt(
        visit.view.do(
            visit.view.operator.switch_client_id, device.product_key, device.name, client_id
        ),
        then=tab_address(device),
        done=visit.words("Only ClientID %(client_id)s may connect now.", client_id=client_id),
    )


async def clear(visit: Visit) -> web.Response:
    """Void all ClientIDs."""
    device = device_of(visit)
    return await visit.attempt(
        visit.view.do(visit.view.operator.clear_client_ids, device.product_key, device.name),
        then=tab_address(device),
        done=visit.words("All ClientIDs were cleared: the boards have to register again."),
    )


async def change(visit: Visit) -> web.Response:
    """Enable, disable or reset a device."""
    device = device_of(visit)
    operator = visit.view.operator
    actions = {
        "enable": (operator.enable_device, visit.words("The device may log in again.")),
        "disable": (operator.disable_device, visit.words("The device is disabled.")),
        "reset": (operator.reset_device, visit.words("The device may register again.")),
    }
    action, done = actions[visit.part("action")]
    return await visit.attempt(
        visit.view.do(action, device.product_key, device.name), then=tab_address(device), done=done
    )


async def delete(visit: Visit) -> web.Response:
    """Delete a device."""
    device = device_of(visit)
    product_key, name = device.product_key, device.name
    return await visit.attempt(
        visit.view.do(visit.view.operator.remove_device, product_key, name),
        then=address("devices", product=product_key),
        done=visit.words("Device %(name)s was deleted.", name=name),
    )


def _details(visit: Visit, *, shows_secret: bool = False) -> web.Response:
    device = device_of(visit)
    events = visit.view.journal.of_device(device.product_key, device.name)
    history = (event for event in events if event.kind in _HISTORY)
    return tab_page(
        visit,
        "device.html",
        "",
        in_use=visit.view.client_ids_in_use(device),
        history=list(itertools.islice(history, _SHOWN)),
        shows_secret=shows_secret,
    )


ROUTES = (
    ("GET", "/devices/{pk}/{dn}", details),
    ("POST", "/devices/{pk}/{dn}/secret", secret),
    ("GET", "/devices/{pk}/{dn}/switch", choose),
    ("POST", "/devices/{pk}/{dn}/switch", switch),
    ("POST", "/devices/{pk}/{dn}/clear", clear),
    ("POST", "/devices/{pk}/{dn}/{action:enable|disable|reset}", change),
    ("POST", "/devices/{pk}/{dn}/delete", delete),
)
