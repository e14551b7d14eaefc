"""`alink-sim admin ota`: over-the-air updates of devices."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.state.ota_entities import DEFAULT_MODULE
from alink_sim.platform.verbs.arguments import AsJson, DeviceName, ProductKey
from alink_sim.platform.verbs.request import run

app = typer.Typer(no_args_is_help=True, help="Updates over the air.")

JobId = Annotated[str, typer.Argument(metavar="JOB", show_default=False)]


@app.command("publish")
def publish(
    context: typer.Context,
    product_key: ProductKey,
    version: Annotated[str, typer.Argument(metavar="VERSION", show_default=False)],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", show_default=False, exists=True, dir_okay=False),
    ],
    *,
    device: Annotated[
        list[str] | None, typer.Option(metavar="DEVICENAME", help="Only this one; repeatable.")
    ] = None,
    module: Annotated[
        str, typer.Option(help="The module of the device that it updates.")
    ] = DEFAULT_MODULE,
    src_version: Annotated[
        str, typer.Option(metavar="VERSION", help="The file is a difference to this version.")
    ] = "",
    md5: Annotated[bool, typer.Option("--md5", help="MD5 instead of SHA-256.")] = False,
    mqtt: Annotated[bool, typer.Option("--mqtt", help="Devices download it over MQTT.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish a version to a product's devices; print the job."""
    names = [one.name for one in files]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise typer.BadParameter(f"two files have the name {twice}: rename one of them")
    run(
        context,
        "ota.publish",
        as_json=as_json,
        product_key=product_key,
        version=version,
        data={one.name: base64.b64encode(one.read_bytes()).decode() for one in files},
        devices=device,
        module=module,
        src_version=src_version,
        sign_method="Md5" if md5 else "SHA256",
        protocol="MQTT" if mqtt else "HTTPS",
    )


@app.command("job")
def job(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
    """Print the status of a job and of its devices."""
    run(context, "ota.job", as_json=as_json, job_id=job_id)


@app.command("jobs")
def jobs(context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False) -> None:
    """Print a product's jobs."""
    run(context, "ota.jobs", as_json=as_json, product_key=product_key)


@app.command("tasks")
def tasks(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
    """Print the status of each device of a job, and the reason."""
    run(context, "ota.tasks_in", as_json=as_json, job_id=job_id)


@app.command("versions")
def versions(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    as_json: AsJson = False,
) -> None:
    """Print the version of each module that a device has reported."""
    run(
        context,
        "ota.versions",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
    )


@app.command("cancel")
def cancel(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
    """Cancel all tasks of a job that have not ended."""
    run(context, "ota.cancel", as_json=as_json, job_id=job_id)
