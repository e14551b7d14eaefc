"""The frame of Device Details: the device of the address, its menu of tabs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.platform_view import GATEWAY
from alink_sim.platform.console.visit import Visit
from alink_sim.platform.state.entities import Device


def device_of(visit: Visit) -> Device:
    """Return the device that the address names. Raises MissingError."""
    return visit.view.device(visit.part("pk"), visit.part("dn"))


def tab_address(device: Device, tab: str = "") -> str:
    """Return the address of a tab of a device, of the first one without `tab`."""
    return address("devices", device.product_key, device.name, *([tab] if tab else []))


def tab_page(visit: Visit, template: str, tab: str, **context: Any) -> web.Response:
    """Return a tab of the device that the address names."""
    device = device_of(visit)
    product = visit.view.product(device.product_key)
    return visit.page(
        template,
        device=device,
        product=product,
        tab=tab,
        is_gateway=visit.view.node_type(product) == GATEWAY,
        gateway=visit.view.gateway_of(device),
        watch=f"device/{device.product_key}/{device.name}",
        **context,
    )
