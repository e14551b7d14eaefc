"""`alink-sim admin device`: devices of a running platform, their life and their messages."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alink_sim.platform.verbs import messages, output
from alink_sim.platform.verbs.arguments import (
    AsJson,
    DeviceName,
    ProductKey,
    SecretFile,
    content,
)
from alink_sim.platform.verbs.moment import local_time
from alink_sim.platform.verbs.request import call, run

app = typer.Typer(no_args_is_help=True, help="Devices.")


@app.command("add")
def add(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Pre-register a device, unless it exists. Print its four strings."""
    run(
        context,
        "console.add_device",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        secret=content(secret_file),
    )


@app.command("list")
def list_(
    context: typer.Context,
    product_key: Annotated[str | None, typer.Argument(metavar="[PRODUCTKEY]")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print all devices, or those of a product."""
    run(context, "console.devices", as_json=as_json, product_key=product_key)


@app.command("switch")
def switch(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    client_id: Annotated[str, typer.Argument(metavar="CLIENTID", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Let only this ClientID log in; end the sessions of the others."""
    run(
        context,
        "console.switch_client_id",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        client_id=client_id,
    )


@app.command("show")
def show(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Print a device: status, ClientIDs, the one in use, properties."""
    result = call(context, "console.device", product_key=product_key, device_name=device_name)
    output.show(result if as_json else _readable(result), as_json=as_json)


def _readable(device: dict[str, Any]) -> dict[str, Any]:
    """Return a device with a line for each of its ClientIDs, times in local time."""
    lines = {
        f"ClientID {number}": "  ".join(
            (
                one["clientId"],
                "in use" if one["inUse"] else "blocked" if one["blocked"] else "not connected",
                f"issued {local_time(one['created'])}",
                f"first connection {local_time(one['firstConnected'])}",
            )
        )
        for number, one in enumerate(device["clientIds"], start=1)
    }
    shown: dict[str, Any] = {}
    for name, value in device.items():
        shown |= lines if name == "clientIds" and lines else {name: value}
    return shown


def _add_command(name: str, operation: str, text: str) -> None:
    """Add a command whose only argument is a device."""

    def command(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        *,
        as_json: AsJson = False,
    ) -> None:
        run(context, operation, as_json=as_json, product_key=product_key, device_name=device_name)

    app.command(name, help=text)(command)


_add_command("reset", "console.reset_device", "Let an activated device register again.")
_add_command("disable", "console.disable_device", "End a device's sessions and refuse its logins.")
_add_command("enable", "console.enable_device", "Let a disabled device log in again.")
_add_command("clear", "console.clear_client_ids", "Void all ClientIDs of a device.")
_add_command("remove", "console.remove_device", "Delete a device.")

app.command("set")(messages.set_properties)
app.command("desire")(messages.set_desired)
app.command("call")(messages.call_service)
app.command("send")(messages.send)
app.command("ask")(messages.ask)
app.command("shadow")(messages.shadow)
app.command("log")(messages.log)
