"""The event log of the platform, with the true reason of each refusal."""

from __future__ import annotations

import itertools

from aiohttp import web

from alink_sim.platform.console.journal import matching
from alink_sim.platform.console.visit import Visit

_SIZE = 100


async def index(visit: Visit) -> web.Response:
    """Show the newest events that match the filters."""
    code = visit.query("code")
    filters = {
        "product_key": visit.query("product"),
        "device_name": visit.query("device"),
        "client_id": visit.query("client_id"),
        "kind": visit.query("kind"),
    }
    journal = visit.view.journal
    product_key, device_name = filters["product_key"], filters["device_name"]
    known = product_key and device_name
    events = journal.of_device(product_key, device_name) if known else journal.newest()
    found = matching(events, **filters, code=int(code) if code.isdecimal() else None)
    page = visit.number("page", 1, most=1000)
    shown = list(itertools.islice(found, (page - 1) * _SIZE, page * _SIZE + 1))
    return visit.page(
        "events.html",
        filters={**filters, "code": code},
        events=shown[:_SIZE],
        page=page,
        more=len(shown) > _SIZE,
        watch="all",
    )


ROUTES = (("GET", "/events", index),)
