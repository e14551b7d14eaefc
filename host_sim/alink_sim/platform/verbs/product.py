"""`alink-sim admin product`: products of a running platform."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from alink_sim.platform.verbs.arguments import AsJson, ProductKey, SecretFile, content
from alink_sim.platform.verbs.request import run

app = typer.Typer(no_args_is_help=True, help="Products.")


class Position(StrEnum):
    """The position of a switch."""

    ON = "on"
    OFF = "off"


@app.command("add")
def add(
    context: typer.Context,
    *,
    key: Annotated[
        str | None, typer.Option(help="ProductKey; without it a new one is made.")
    ] = None,
    secret_file: SecretFile = None,
    name: Annotated[str | None, typer.Option(help="The name in the console.")] = None,
    node_type: Annotated[int | None, typer.Option(help="0 device, 1 gateway.")] = None,
    instance: Annotated[str | None, typer.Option(help="Instance id, iot-...")] = None,
    dynamic_registration: Annotated[
        bool | None, typer.Option("--dynamic-registration/--no-dynamic-registration")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a product, or change the one with this key. Print it with its secret."""
    run(
        context,
        "console.create_product",
        as_json=as_json,
        key=key,
        secret=content(secret_file),
        name=name,
        node_type=node_type,
        instance=instance,
        dynamic_registration=dynamic_registration,
    )


@app.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print all products, without their secrets."""
    run(context, "console.products", as_json=as_json)


@app.command("show")
def show(context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False) -> None:
    """Print a product, without its secret."""
    run(context, "console.product", as_json=as_json, product_key=product_key)


@app.command("remove")
def remove(context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False) -> None:
    """Delete a product that has no devices."""
    run(context, "console.remove_product", as_json=as_json, product_key=product_key)


@app.command("dynamic-registration")
def dynamic_registration(
    context: typer.Context, product_key: ProductKey, to: Position, *, as_json: AsJson = False
) -> None:
    """Turn a product's Dynamic Registration on or off."""
    run(
        context,
        "console.set_dynamic_registration",
        as_json=as_json,
        product_key=product_key,
        on=to is Position.ON,
    )
