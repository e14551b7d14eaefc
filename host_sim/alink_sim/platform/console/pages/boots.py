"""First boots: each registration as a sequence diagram."""

from __future__ import annotations

import itertools

from aiohttp import web

from alink_sim.platform.console import boots
from alink_sim.platform.console.errors import MissingError
from alink_sim.platform.console.visit import Visit

_SHOWN = 100


async def index(visit: Visit) -> web.Response:
    """Show the newest registrations."""
    view = visit.view
    device_name = visit.query("device")
    found = (
        one
        for one in boots.registrations(view.connections())
        if device_name in ("", one.device_name)
    )
    shown = list(itertools.islice(found, _SHOWN))
    return visit.page(
        "boots.html",
        boots=[
            (one, boots.verdict(one, view.journal.of_device(one.product_key, one.device_name)))
            for one in shown
        ],
        device_name=device_name,
        watch="all",
    )


async def details(visit: Visit) -> web.Response:
    """Show what crossed the wire in a registration and in the login behind it."""
    view = visit.view
    number = visit.part("number")
    connections = view.connections()
    connection = next((one for one in connections if str(one.number) == number), None)
    if connection is None:
        raise MissingError(f"there is no registration {number}")
    events = view.journal.of_device(connection.product_key, connection.device_name)
    return visit.page(
        "boot.html",
        connection=connection,
        legs=boots.boot(connection, connections, events, view.hide),
        watch=f"device/{connection.product_key}/{connection.device_name}",
    )


ROUTES = (
    ("GET", "/boots", index),
    ("GET", "/boots/{number:[0-9]+}", details),
)
