"""The pages of the console: a visit in, a page or a redirect out. One module a menu entry."""

from __future__ import annotations

from alink_sim.platform.console.pages import (
    device,
    devices,
    events,
    overview,
    products,
)

ROUTES = (
    *overview.ROUTES,
    *products.ROUTES,
    *devices.ROUTES,
    *device.ROUTES,
    *events.ROUTES,
)
