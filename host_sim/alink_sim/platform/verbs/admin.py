"""`alink-sim admin`: ask a running platform. Each verb is one operation of it."""

from __future__ import annotations

import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim.platform.control.client import call, follow
from alink_sim.platform.control.state_directory import StateDir
from alink_sim.platform.documents import load
from alink_sim.platform.faults import FaultError, file
from alink_sim.platform.verbs import downlinks, upgrades
from alink_sim.platform.verbs.moment import moment
from alink_sim.platform.verbs.output import AsJson, reported, show, show_events

app = typer.Typer(no_args_is_help=True, help="Ask and change a running platform.")
product = typer.Typer(no_args_is_help=True, help="Products.")
device = typer.Typer(no_args_is_help=True, help="Devices.")
app.add_typer(product, name="product")
faults = typer.Typer(no_args_is_help=True, help="Scripted trouble, see docs/reference/faults.md.")
app.add_typer(device, name="device")
app.add_typer(faults, name="faults")
ota = typer.Typer(no_args_is_help=True, help="Upgrades over the air.")
app.add_typer(ota, name="ota")

ProductKey = Annotated[str, typer.Argument(metavar="PRODUCTKEY", show_default=False)]
DeviceName = Annotated[str, typer.Argument(metavar="DEVICENAME", show_default=False)]
# A file, not a value: command lines are read by everybody on the machine and kept by the shell.
SecretFile = Annotated[
    typer.FileText | None,
    typer.Option(
        errors="replace", help="File that holds it, - for standard input; made up if left out."
    ),
]

_TIME = "Seconds since 1970, 2026-11-25T22:00 (UTC), or 90s, 15m, 2h, 1d ago."
_PAUSE = 0.3  # Seconds between two looks at the log.


class Position(StrEnum):
    """Of a switch."""

    ON = "on"
    OFF = "off"


@app.callback()
def admin(
    context: typer.Context,
    *,
    state: Annotated[
        Path | None,
        typer.Option(envvar="ALINK_STATE", help="State folder of the running platform."),
    ] = None,
) -> None:
    """Find the platform."""
    context.obj = state  # Not required here, or no verb could show its help without it.


@product.command("add")
def product_add(
    context: typer.Context,
    *,
    key: Annotated[str | None, typer.Option(help="ProductKey; made up if left out.")] = None,
    secret_file: SecretFile = None,
    name: Annotated[str | None, typer.Option(help="What the console calls it.")] = None,
    node_type: Annotated[int | None, typer.Option(help="0 device, 1 gateway.")] = None,
    instance: Annotated[str | None, typer.Option(help="Instance id, iot-...")] = None,
    dynamic_registration: Annotated[
        bool | None, typer.Option("--dynamic-registration/--no-dynamic-registration")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a product, or change the one with this key. Print it with its secret."""
    fields = {
        "key": key,
        "secret": _content(secret_file),
        "name": name,
        "node_type": node_type,
        "instance": instance,
        "dynamic_registration": dynamic_registration,
    }
    _run(context, "product_add", as_json=as_json, **fields)


@product.command("list")
def product_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print all products, without their secrets."""
    _run(context, "product_list", as_json=as_json)


@product.command("show")
def product_show(
    context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False
) -> None:
    """Print a product, without its secret."""
    _run(context, "product_show", as_json=as_json, product_key=product_key)


@product.command("remove")
def product_remove(
    context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False
) -> None:
    """Delete a product that has no devices."""
    _run(context, "product_remove", as_json=as_json, product_key=product_key)


@app.command("switch")
def switch(
    context: typer.Context, product_key: ProductKey, to: Position, *, as_json: AsJson = False
) -> None:
    """Turn a product's dynamic registration on or off."""
    on = to is Position.ON
    _run(context, "switch", as_json=as_json, product_key=product_key, on=on)


@device.command("add")
def device_add(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Pre-register a device, unless it is there. Print its four strings."""
    secret = _content(secret_file)
    parameters = {"product_key": product_key, "device_name": device_name, "secret": secret}
    _run(context, "device_add", as_json=as_json, **parameters)


@device.command("list")
def device_list(
    context: typer.Context,
    product_key: Annotated[str | None, typer.Argument(metavar="[PRODUCTKEY]")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print all devices, or a product's."""
    _run(context, "device_list", as_json=as_json, product_key=product_key)


@device.command("keep")
def device_keep(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    client_id: Annotated[str, typer.Argument(metavar="CLIENTID", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Let only this ClientID connect (the console's Switch)."""
    parameters = {"product_key": product_key, "device_name": device_name, "client_id": client_id}
    _run(context, "device_keep", as_json=as_json, **parameters)


def _add_device_verb(name: str, text: str) -> None:
    """Add a verb that takes a device and no more."""

    def verb(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        *,
        as_json: AsJson = False,
    ) -> None:
        parameters = {"product_key": product_key, "device_name": device_name}
        _run(context, f"device_{name}", as_json=as_json, **parameters)

    device.command(name, help=text)(verb)


_add_device_verb("show", "Print a device: status, ClientIDs, properties.")
_add_device_verb("reset", "Let an activated device register again.")
_add_device_verb("disable", "End a device's sessions and refuse it.")
_add_device_verb("enable", "Let a disabled device log in again.")
_add_device_verb("clear", "Void every ClientID of a device.")
_add_device_verb("remove", "Delete a device.")


@app.command("access-key")
def access_key(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the key that signs calls of the cloud API. Its secret too."""
    _run(context, "access_key", as_json=as_json)


@faults.command("add")
def faults_add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Script a fault, as a table of a scenario file. Write: refuse code=3 device=dev-1 times=1."""
    with reported():
        table = {"kind": kind, **file.table(words or ())}
    parameters = {"tables": [table], "where": "the command line"}
    _run(context, "faults_add", as_json=as_json, **parameters)


@faults.command("load")
def faults_load(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Script all the faults of a scenario file."""
    with reported():
        document = load(path, FaultError)
        file.parse(document, where=str(path))
    parameters = {"tables": document.get("fault", []), "where": str(path)}
    _run(context, "faults_add", as_json=as_json, **parameters)


@faults.command("list")
def faults_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the faults that may still strike."""
    _run(context, "faults_list", as_json=as_json)


@faults.command("clear")
def faults_clear(context: typer.Context, *, as_json: AsJson = False) -> None:
    """End all faults, on open connections too."""
    _run(context, "faults_clear", as_json=as_json)


@app.command("events")
def events(
    context: typer.Context,
    *,
    product_key: Annotated[str | None, typer.Option("--product", metavar="PRODUCTKEY")] = None,
    device_name: Annotated[str | None, typer.Option("--device", metavar="DEVICENAME")] = None,
    kind: Annotated[str | None, typer.Option(help="As in docs/reference/platform.md.")] = None,
    code: Annotated[int | None, typer.Option(help="A code of the vendor's, as 6289.")] = None,
    since: Annotated[float | None, typer.Option(parser=moment, metavar="TIME", help=_TIME)] = None,
    until: Annotated[float | None, typer.Option(parser=moment, metavar="TIME", help=_TIME)] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most the newest so many.")] = 1000,
    followed: Annotated[
        bool, typer.Option("--follow", help="Go on until Ctrl-C; --json prints a line an event.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happened, and why the platform refused."""
    filters = {
        "product_key": product_key,
        "device_name": device_name,
        "kind": kind,
        "code": code,
        "since": since,
        "until": until,
    }
    if followed:
        _follow(_state(context), limit=limit, as_json=as_json, **filters)
    elif as_json:
        _run(context, "events", as_json=True, limit=limit, **filters)
    else:
        with reported():
            show_events(call(_state(context), "events", limit=limit, **filters))


def _run(context: typer.Context, operation: str, *, as_json: bool, **parameters: Any) -> Any:
    state = _state(context)
    with reported():
        result = call(state, operation, **parameters)
        show(result, as_json=as_json)
        return result


def _follow(state: StateDir, *, limit: int, as_json: bool, **filters: Any) -> None:
    with reported(), suppress(KeyboardInterrupt):
        for fresh in follow(state, limit=limit, pause=lambda: time.sleep(_PAUSE), **filters):
            show_events(fresh, as_json=as_json)


def _state(context: typer.Context) -> StateDir:
    if context.obj is None:
        raise typer.BadParameter(
            "say which platform: `alink-sim admin --state DIR ...`, or set ALINK_STATE"
        )
    return StateDir(context.obj)


def _content(file: typer.FileText | None) -> str | None:
    return file.read().strip() if file else None


downlinks.add_to(device, _run)
upgrades.add_to(ota, _run)
