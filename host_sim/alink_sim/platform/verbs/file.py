"""`alink-sim admin file`: files that devices have uploaded."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.verbs.arguments import AsJson, DeviceName, ProductKey
from alink_sim.platform.verbs.request import call, run

app = typer.Typer(no_args_is_help=True, help="Files that devices have uploaded.")

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


@app.command("list")
def list_(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the files of a device."""
    run(context, "cloud.files", as_json=as_json, product_key=product_key, device_name=device_name)


@app.command("save")
def save(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    name: Name,
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", dir_okay=False, show_default=False)],
) -> None:
    """Write a file of a device to OUTPUT."""
    content = call(
        context, "cloud.file", product_key=product_key, device_name=device_name, name=name
    )
    output.write_bytes(base64.b64decode(content))
    typer.echo(f"{output}: {output.stat().st_size} bytes")


@app.command("remove")
def remove(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    name: Name,
    *,
    as_json: AsJson = False,
) -> None:
    """Delete a file of a device."""
    run(
        context,
        "cloud.remove_file",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        name=name,
    )
