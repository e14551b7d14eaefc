"""The device list: pages of it, one device more, many devices at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.platform_view import STATUSES, DeviceQuery
from alink_sim.platform.console.visit import Visit

_SIZES = (20, 50, 100)
_MOST = 10_000
_MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Row:
    """One line of a batch: its number, and the device that it names."""

    number: int
    name: str
    secret: str


async def index(visit: Visit) -> web.Response:
    """Show a page of the devices that match the filters."""
    size = visit.number("size", _SIZES[1], most=_SIZES[-1])
    status = visit.query("status")
    query = DeviceQuery(
        text=visit.query("q"),
        product_key=visit.query("product"),
        status=status if status in STATUSES else "",
        compromised=visit.query("compromised") == "1",
        number=visit.number("page", 1, most=10**9),
        size=size if size in _SIZES else _SIZES[1],
    )
    return visit.page(
        "devices.html",
        query=query,
        found=visit.view.devices(query),
        tally=visit.view.tally(query.product_key),
        products=visit.view.products(),
        names={product.key: product.name for product in visit.view.products()},
        statuses=STATUSES,
        sizes=_SIZES,
        watch=f"product/{query.product_key}" if query.product_key else "all",
    )


async def add(visit: Visit) -> web.Response:
    """Add one device and show it."""
    product_key, name = visit.field("product"), visit.field("name")
    return await visit.attempt(
        visit.view.do(visit.view.operator.add_device, product_key, name),
        then=address("devices", product_key, name),
        done=visit.words("Device %(name)s was added.", name=name),
        failed=address("devices", product=product_key),
    )


async def batch_form(visit: Visit) -> web.Response:
    """Show the form that adds many devices."""
    return _batch_page(visit, product_key=visit.query("product"))


async def add_batch(visit: Visit) -> web.Response:
    """Add all devices of a list, or none of them and show what is wrong with which line."""
    product_key = visit.field("product")
    _, content = visit.file("file")
    text = content.decode("utf-8-sig", errors="replace") or str(visit.form.get("names", ""))
    rows = list(_rows(text))
    problems = _problems(visit, product_key, rows)
    if problems:
        return _batch_page(visit, product_key=product_key, text=text, problems=problems)
    wanted = [(row.name, row.secret or None) for row in rows]
    try:
        count = await visit.view.add_devices(product_key, wanted)
    except ValueError as error:
        return _batch_page(
            visit, product_key=product_key, text=text, problems=[(0, visit.says(error))]
        )
    done = visit.words("%(count)s devices were added.", count=count)
    return visit.go(address("devices", product=product_key), done)


def _batch_page(
    visit: Visit,
    *,
    product_key: str,
    text: str = "",
    problems: list[tuple[int, str]] | None = None,
) -> web.Response:
    return visit.page(
        "batch.html",
        product_key=product_key,
        products=visit.view.products(),
        text=text,
        problems=(problems or [])[:_MOST_PROBLEMS],
        count=len(problems or []),
        status=400 if problems else 200,
    )


def _rows(text: str) -> Iterator[Row]:
    """Yield the devices of a list: a DeviceName a line, or a CSV with DeviceSecrets."""
    reader = csv.reader(io.StringIO(text))
    for cells in reader:
        name, secret = (*(cell.strip() for cell in cells[:2]), "", "")[:2]
        is_head = reader.line_num == 1 and name.lower() in ("devicename", "device_name")
        if name and not is_head:
            yield Row(reader.line_num, name, secret)


def _problems(visit: Visit, product_key: str, rows: list[Row]) -> list[tuple[int, str]]:
    """Return what is wrong with which line, 0 for the whole list."""
    if product_key not in {product.key for product in visit.view.products()}:
        return [(0, visit.words("Choose a product."))]
    if not 1 <= len(rows) <= _MOST:
        text = visit.words("The list has %(count)s names; it takes 1 to %(most)s.")
        return [(0, text % {"count": len(rows), "most": _MOST})]
    texts = {
        "name": visit.words(
            "%(name)s is not a DeviceName: use 4 to 32 letters, digits and - _ @ . :"
        ),
        "exists": visit.words("%(name)s exists already."),
        "twice": visit.words("%(name)s is in the list twice."),
        "secret": visit.words("The DeviceSecret of %(name)s is too long or has blanks."),
    }
    problems, seen = [], set()
    for row in rows:
        problem = visit.view.name_problem(product_key, row.name)
        if row.name in seen:
            problem = "twice"
        elif row.secret and (
            len(row.secret) > 64
            or not row.secret.isascii()
            or not row.secret.isprintable()
            or " " in row.secret
        ):
            problem = "secret"
        seen.add(row.name)
        if problem:
            problems.append((row.number, texts[problem] % {"name": row.name[:100]}))
    return problems


ROUTES = (
    ("GET", "/devices", index),
    ("POST", "/devices", add),
    ("GET", "/devices/batch", batch_form),
    ("POST", "/devices/batch", add_batch),
)
