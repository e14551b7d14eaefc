"""The fleet in figures: states of devices, rates of the last two minutes, refusals."""

from __future__ import annotations

import itertools
from collections import Counter

from aiohttp import web

from alink_sim.platform.console.charts import Series
from alink_sim.platform.console.visit import Visit

_SECONDS = 120
_SHOWN = 8
CONNECTS = ("online", "login_refused", "registered", "registration_refused")
REGISTRATIONS = ("registered",)
REFUSALS = ("registration_refused", "login_refused")
_NOT_MESSAGES = {
    *CONNECTS,
    "offline",
    "kicked",
    "connect_timeout",
    "connection_failed",
    "fault",
    "client_id_alert",
    "verification_code_sent",
    "api_called",
    "api_refused",
}


async def overview(visit: Visit) -> web.Response:
    """Show the figures of the last two minutes."""
    view = visit.view
    last = int(view.now()) - 1  # The second that has passed whole.
    counts = view.journal.counts(last, seconds=_SECONDS)
    refused = [
        event
        for event in itertools.islice(view.journal.newest(), 20_000)
        if event.kind in REFUSALS
    ]
    reasons = Counter((event.code, event.reason) for event in refused)
    first = last - _SECONDS + 1

    def series(name: str, count: object) -> Series:
        points = [(first + at, float(count(one))) for at, one in enumerate(counts)]  # type: ignore[operator]
        return Series(name, points)

    return visit.page(
        "overview.html",
        tally=view.tally(),
        products=len(view.products()),
        connects=[
            series(visit.words("Connections"), lambda one: sum(one[kind] for kind in CONNECTS))
        ],
        messages=[
            series(
                visit.words("Messages"),
                lambda one: sum(n for kind, n in one.items() if kind not in _NOT_MESSAGES),
            )
        ],
        registrations=[
            series(visit.words("Accepted"), lambda one: one["registered"]),
            series(visit.words("Refused"), lambda one: one["registration_refused"]),
        ],
        reasons=reasons.most_common(_SHOWN),
        refused=refused[:_SHOWN],
        watch="tick",
    )


ROUTES = (("GET", "/", overview),)
