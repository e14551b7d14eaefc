"""`alink-sim admin topology`: the sub-devices of gateways."""

from __future__ import annotations

from typing import Annotated

import typer

from alink_sim.platform.verbs.arguments import AsJson, DeviceName, ProductKey
from alink_sim.platform.verbs.request import run

app = typer.Typer(no_args_is_help=True, help="Gateways and their sub-devices.")

SubProductKey = Annotated[str, typer.Argument(metavar="SUB-PRODUCTKEY", show_default=False)]
SubDeviceName = Annotated[str, typer.Argument(metavar="SUB-DEVICENAME", show_default=False)]


@app.command("list")
def list_(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the sub-devices of a gateway."""
    run(
        context,
        "cloud.sub_devices",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
    )


@app.command("add")
def add(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    sub_product_key: SubProductKey,
    sub_device_name: SubDeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a device the sub-device of a gateway, and tell the gateway."""
    run(
        context,
        "cloud.add_sub_device",
        as_json=as_json,
        product_key=sub_product_key,
        device_name=sub_device_name,
        gateway=[product_key, device_name],
    )


@app.command("remove")
def remove(
    context: typer.Context,
    sub_product_key: SubProductKey,
    sub_device_name: SubDeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a device from its gateway, tell the gateway, end its session."""
    run(
        context,
        "cloud.remove_sub_device",
        as_json=as_json,
        product_key=sub_product_key,
        device_name=sub_device_name,
    )


@app.command("ask")
def ask(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    sub_product_key: SubProductKey,
    sub_device_name: SubDeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask a gateway to add a sub-device; print how many sessions it went to."""
    run(
        context,
        "cloud.ask_to_add",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        sub_devices=[[sub_product_key, sub_device_name]],
    )
