"""Products: the list, a product's details, Dynamic Registration, thing model."""

from __future__ import annotations

from aiohttp import web

from alink_sim import thing_model
from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.journal import matching
from alink_sim.platform.console.platform_view import NODE_TYPES
from alink_sim.platform.console.visit import Visit
from alink_sim.platform.state.instances import PLACES, Instance

_TABS = ("information", "thing-model", "config", "parsing", "broadcast")


async def index(visit: Visit) -> web.Response:
    """Show all products."""
    return visit.page("products.html", products=visit.view.products(), regions=PLACES, watch="all")


async def create(visit: Visit) -> web.Response:
    """Create a product and show it."""
    node_type = visit.field("node_type")
    if node_type not in NODE_TYPES or not visit.field("name"):
        notice = visit.words("Enter a product name and choose a node type.")
        return visit.go("/products", notice, is_error=True)
    try:
        product = await visit.view.create_product(
            name=visit.field("name"), node_type=node_type, instance=_instance(visit)
        )
    except ValueError as error:
        return visit.go("/products", visit.says(error), is_error=True)
    done = visit.words("Product %(name)s was created.", name=product.name)
    return visit.go(address("products", product.key), done)


def _instance(visit: Visit) -> Instance:
    """Return the instance of the form. Raises InstanceError."""
    region = visit.field("region") or PLACES[0]
    if not (instance_id := visit.field("instance")):
        return Instance("", "old_public", region)
    return Instance(instance_id, visit.field("kind"), region)


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
    product = visit.view.product(visit.part("pk"))
    await visit.view.do(visit.view.operator.send_verification_code, product.key)
    visit.view.journal.catch_up()
    sent = matching(
        visit.view.journal.newest(), product_key=product.key, kind="verification_code_sent"
    )
    return _details(visit, code=next(sent).detail["code_sent"])


async def switch(visit: Visit) -> web.Response:
    """Turn Dynamic Registration on or off, with the verification code."""
    product = visit.view.product(visit.part("pk"))
    on = visit.field("on") == "1"
    done = (
        visit.words("Dynamic Registration is on.")
        if on
        else visit.words(
            "Dynamic Registration is off: requests of new devices are refused. "
            "Activated devices are not affected."
        )
    )
    try:
        await visit.view.do(
            visit.view.operator.set_dynamic_registration,
            product.key,
            on,
            code=visit.field("code"),
        )
    except ValueError as error:
        return _details(visit, asks=True, problem=visit.says(error))
    return visit.go(address("products", product.key), done)


async def set_thing_model(visit: Visit) -> web.Response:
    """Take the thing model that was pasted or uploaded."""
    product = visit.view.product(visit.part("pk"))
    _, content = visit.file("file")
    there = address("products", product.key, tab="thing-model")

    async def take() -> None:
        document = thing_model.document(content or visit.field("text").encode())
        await visit.view.do(visit.view.operator.set_thing_model, product.key, document)

    return await visit.attempt(take(), then=there, done=visit.words("The thing model was saved."))


async def config(visit: Visit) -> web.Response:
    """Keep the remote config and push it to the devices that are online, or withdraw it."""
    product = visit.view.product(visit.part("pk"))
    there = address("products", product.key, tab="config")
    cloud = visit.view.cloud
    _, content = visit.file("file")
    text = content or str(visit.form.get("text", "")).encode()
    try:
        if visit.field("remove"):
            await visit.view.do(cloud.forget_config, product.key)
            return visit.go(there, visit.words("The configuration was taken back."))
        told = await visit.view.do(cloud.set_config, product.key, text)
    except ValueError as error:
        return visit.go(there, visit.says(error), is_error=True)
    notice = visit.words(
        "The configuration was saved. It went to %(count)s devices that are online.", count=told
    )
    return visit.go(there, notice)


async def broadcast(visit: Visit) -> web.Response:
    """Send a message to all devices of the product."""
    product = visit.view.product(visit.part("pk"))
    there = address("products", product.key, tab="broadcast")
    payload = str(visit.form.get("payload", "")).encode()
    try:
        sent = await visit.view.do(
            visit.view.cloud.broadcast, product.key, payload, topic=visit.field("topic")
        )
    except ValueError as error:
        return visit.go(there, visit.says(error), is_error=True)
    notice = visit.words("The broadcast went to %(count)s sessions.", count=sent)
    return visit.go(there, notice, is_error=not sent)


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
        config=product.documents.get("config") or {},
        config_text=visit.view.config_text(product),
        has_script=visit.view.has_script(product),
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
    ("POST", "/products/{pk}/thing-model", set_thing_model),
    ("POST", "/products/{pk}/config", config),
    ("POST", "/products/{pk}/broadcast", broadcast),
)
