"""Products: the list, a product's details, Dynamic Registration, thing model."""

from __future__ import annotations

from aiohttp import web

from alink_sim import bounded_json
from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.platform_view import DIRECT, GATEWAY, SUB_DEVICE
from alink_sim.platform.console.visit import Visit

NODE_TYPES = (DIRECT, GATEWAY, SUB_DEVICE)
_TABS = ("information", "thing-model")


async def index(visit: Visit) -> web.Response:
    """Show all products."""
    return visit.page("products.html", products=visit.view.products(), watch="all")


async def create(visit: Visit) -> web.Response:
    """Create a product and show it."""
    node_type = visit.field("node_type")
    if node_type not in NODE_TYPES or not visit.field("name"):
        notice = visit.words("Enter a product name and choose a node type.")
        return visit.go("/products", notice, is_error=True)
    try:
        product = await visit.view.create_product(
            name=visit.field("name"), node_type=node_type, instance=visit.field("instance")
        )
    except ValueError as error:
        return visit.go("/products", str(error), is_error=True)
    done = visit.words("Product %(name)s was created.", name=product.name)
    return visit.go(address("products", product.key), done)


async def details(visit: Visit) -> web.Response:
    """Show a product."""
    return _details(visit)


async def secret(visit: Visit) -> web.Response:
    """Show a product with its ProductSecret."""
    return _details(visit, shows_secret=True)


async def delete(visit: Visit) -> web.Response:
    """Delete a product that has no devices."""
    product = visit.view.product(visit.part("pk"))
    return await visit.attempt(
        visit.view.do(visit.view.operator.remove_product, product.key),
        then="/products",
        done=visit.words("Product %(name)s was deleted.", name=product.name),
        failed=address("products", product.key),
    )


async def send_code(visit: Visit) -> web.Response:
    """Send the verification code of the switch; the page shows the message that brings it."""
    code = visit.view.send_code(visit.part("pk"))
    return _details(visit, code=code)


async def switch(visit: Visit) -> web.Response:
    """Turn Dynamic Registration on or off, with the verification code."""
    product = visit.view.product(visit.part("pk"))
    on = visit.field("on") == "1"
    try:
        visit.view.codes.check(product.key, visit.field("code"))
    except ValueError as error:
        return _details(visit, asks=True, problem=str(error))
    done = (
        visit.words("Dynamic Registration is on.")
        if on
        else visit.words(
            "Dynamic Registration is off: requests of new devices are refused. "
            "Activated devices are not affected."
        )
    )
    return await visit.attempt(
        visit.view.do(visit.view.operator.set_dynamic_registration, product.key, on),
        then=address("products", product.key),
        done=done,
    )


async def thing_model(visit: Visit) -> web.Response:
    """Take the thing model that was pasted or uploaded."""
    product = visit.view.product(visit.part("pk"))
    _, content = visit.file("file")
    text = content.decode(errors="replace") or visit.field("text")
    there = address("products", product.key, tab="thing-model")

    async def take() -> None:
        document = bounded_json.loads(text)
        await visit.view.do(visit.view.operator.set_thing_model, product.key, document)

    return await visit.attempt(take(), then=there, done=visit.words("The thing model was saved."))


def _details(
    visit: Visit,
    *,
    shows_secret: bool = False,
    code: str = "",
    asks: bool = False,
    problem: str = "",
) -> web.Response:
    product = visit.view.product(visit.part("pk"))
    tab = visit.query("tab")
    return visit.page(
        "product.html",
        product=product,
        tab=tab if tab in _TABS else _TABS[0],
        tally=visit.view.tally(product.key),
        shows_secret=shows_secret,
        code=code,
        asks=asks or bool(code),
        problem=problem,
        model=visit.view.thing_model(product.key),
        watch=f"product/{product.key}",
    )


ROUTES = (
    ("GET", "/products", index),
    ("POST", "/products", create),
    ("GET", "/products/{pk}", details),
    ("POST", "/products/{pk}/secret", secret),
    ("POST", "/products/{pk}/delete", delete),
    ("POST", "/products/{pk}/code", send_code),
    ("POST", "/products/{pk}/dynamic-registration", switch),
    ("POST", "/products/{pk}/thing-model", thing_model),
)
