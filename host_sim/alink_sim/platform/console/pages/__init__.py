"""The pages of the console: a visit in, a page or a redirect out. One module a menu entry."""

from __future__ import annotations

from alink_sim.platform.console.pages import (
    boots,
    device,
    device_data,
    device_messages,
    device_state,
    devices,
    events,
    faults,
    ota,
    overview,
    products,
)

ROUTES = (
    *overview.ROUTES,
    *products.ROUTES,
    *devices.ROUTES,
    *device.ROUTES,
    *device_data.ROUTES,
    *device_state.ROUTES,
    *device_messages.ROUTES,
    *boots.ROUTES,
    *ota.ROUTES,
    *faults.ROUTES,
    *events.ROUTES,
)
