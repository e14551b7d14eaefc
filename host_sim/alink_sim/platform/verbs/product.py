"""`alink-sim admin product`: products of a running platform."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.verbs.arguments import AsJson, ProductKey, SecretFile, content
from alink_sim.platform.verbs.request import call, run

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
    node_type: Annotated[
        int | None,
        typer.Option(help="0 directly connected device, 1 gateway, 2 gateway sub-device."),
    ] = None,
    instance: Annotated[str | None, typer.Option(help="Instance id, iot-...")] = None,
    instance_kind: Annotated[
        str | None, typer.Option(help="old_public, public or enterprise; public without it.")
    ] = None,
    region: Annotated[str, typer.Option(help="Region of the instance.")] = "cn-shanghai",
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
        instance={"id": instance or "", "kind": instance_kind, "region": region}
        if instance_kind
        else instance,
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
    context: typer.Context,
    product_key: ProductKey,
    to: Position,
    *,
    code: Annotated[
        str | None, typer.Option(help="Verification code; without it a new one is sent.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Turn it without a code.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn Dynamic Registration on or off, with a code."""
    if code is None and not yes:
        call(context, "console.send_verification_code", product_key=product_key)
        typer.echo(
            "alink-sim: a verification code was sent, which the vendor does by SMS. Read it with "
            "`alink-sim admin events --kind verification_code_sent`, and repeat this command "
            "with --code; or skip the code with --yes",
            err=True,
        )
        raise typer.Exit(1)
    run(
        context,
        "console.set_dynamic_registration",
        as_json=as_json,
        product_key=product_key,
        on=to is Position.ON,
        code=code,
    )


@app.command("config")
def config(
    context: typer.Context,
    product_key: ProductKey,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", dir_okay=False)] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Withdraw the remote config.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload the remote config and push it to the devices."""
    if remove:
        run(context, "cloud.forget_config", as_json=as_json, product_key=product_key)
        return
    run(
        context,
        "cloud.set_config",
        as_json=as_json,
        product_key=product_key,
        content=_text(file),
    )


@app.command("script")
def script(
    context: typer.Context,
    product_key: ProductKey,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", dir_okay=False)] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the script away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a product its data-parsing script (Python)."""
    source = None if remove else _text(file)
    run(
        context,
        "console.set_script",
        as_json=as_json,
        product_key=product_key,
        source=source,
        where=str(file),
    )


@app.command("broadcast")
def broadcast(
    context: typer.Context,
    product_key: ProductKey,
    text: str,
    *,
    topic: Annotated[
        str,
        typer.Option(help="/broadcast/PRODUCTKEY/...; without it all devices that are online."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Send text to all devices of a product."""
    run(
        context,
        "cloud.broadcast",
        as_json=as_json,
        product_key=product_key,
        payload=text,
        topic=topic,
    )


def _text(file: Path | None) -> str:
    if file is None:
        raise typer.BadParameter("name a FILE, or use --remove")
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read as text: {error}") from error
