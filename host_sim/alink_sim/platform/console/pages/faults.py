"""Faults: scripted trouble that strikes devices, and when each struck."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

from aiohttp import web

from alink_sim.platform.console.visit import Visit
from alink_sim.platform.faults import file
from alink_sim.platform.faults.fault import KINDS

_SHOWN = 50


def effect(kind: str) -> str:
    """Return what a kind of fault does, in one English sentence: a key of the catalog."""
    return (inspect.getdoc(KINDS[kind]) or "").partition("\n\n")[0]


async def index(visit: Visit) -> web.Response:
    """Show the faults that may strike, and those that did."""
    struck = (event for event in visit.view.journal.newest() if event.kind == "fault")
    return visit.page(
        "faults.html",
        faults=visit.view.faults.listed(),
        struck=list(itertools.islice(struck, _SHOWN)),
        kinds=[
            (name, effect(name), ", ".join(inspect.signature(make).parameters))
            for name, make in KINDS.items()
        ],
        products=visit.view.products(),
        watch="all",
    )


async def add(visit: Visit) -> web.Response:
    """Add a fault."""
    table: dict[str, Any] = {"kind": visit.field("kind")}
    for name in ("product", "device"):
        if value := visit.field(name):
            table[name] = value
    for name in ("connection", "times"):
        if (value := visit.field(name)).isdecimal():
            table[name] = int(value)
    try:
        table |= file.table(visit.field("values").split())
        visit.view.faults.add_all([file.entry(table, where=visit.words("This form"))])
    except ValueError as error:
        return visit.go("/faults", visit.says(error), is_error=True)
    return visit.go("/faults", visit.words("Fault %(kind)s was added.", kind=table["kind"]))


async def clear(visit: Visit) -> web.Response:
    """End all faults."""
    visit.view.faults.clear()
    return visit.go("/faults", visit.words("All faults were cleared."))


ROUTES = (
    ("GET", "/faults", index),
    ("POST", "/faults", add),
    ("POST", "/faults/clear", clear),
)
