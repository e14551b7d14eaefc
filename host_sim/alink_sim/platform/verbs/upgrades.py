"""`alink-sim admin ota publish|job|jobs|tasks|versions|cancel`: upgrades of devices."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.state.ota_entities import DEFAULT_MODULE
from alink_sim.platform.verbs.output import AsJson

ProductKey = Annotated[str, typer.Argument(metavar="PRODUCTKEY", show_default=False)]
DeviceName = Annotated[str, typer.Argument(metavar="DEVICENAME", show_default=False)]
JobId = Annotated[str, typer.Argument(metavar="JOB", show_default=False)]


def add_to(ota: typer.Typer, run: Callable[..., None]) -> None:
    """Add the verbs; `run(context, operation, as_json=..., **parameters)` carries one out."""

    @ota.command("publish")
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
            str, typer.Option(help="What of the device it is for.")
        ] = DEFAULT_MODULE,
        src_version: Annotated[
            str, typer.Option(metavar="VERSION", help="The file is a difference to this.")
        ] = "",
        md5: Annotated[bool, typer.Option("--md5", help="MD5 instead of SHA-256.")] = False,
        mqtt: Annotated[bool, typer.Option("--mqtt", help="To be downloaded over MQTT.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Bring a version to a product's devices; print the job."""
        names = [one.name for one in files]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise typer.BadParameter(f"two files are named {twice}: rename one of them")
        run(
            context,
            "ota_publish",
            as_json=as_json,
            product_key=product_key,
            version=version,
            files={one.name: base64.b64encode(one.read_bytes()).decode() for one in files},
            devices=device,
            module=module,
            src_version=src_version,
            sign_method="Md5" if md5 else "SHA256",
            protocol="MQTT" if mqtt else "HTTPS",
        )

    @ota.command("job")
    def job(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
        """Print how far a job has come."""
        run(context, "ota_job", as_json=as_json, job_id=job_id)

    @ota.command("jobs")
    def jobs(context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False) -> None:
        """Print a product's jobs."""
        run(context, "ota_jobs", as_json=as_json, product_key=product_key)

    @ota.command("tasks")
    def tasks(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
        """Print what became of each device of a job, and why."""
        run(context, "ota_tasks", as_json=as_json, job_id=job_id)

    @ota.command("versions")
    def versions(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        *,
        as_json: AsJson = False,
    ) -> None:
        """Print the version that a device has reported of each module."""
        where = {"product_key": product_key, "device_name": device_name}
        run(context, "ota_versions", as_json=as_json, **where)

    @ota.command("cancel")
    def cancel(context: typer.Context, job_id: JobId, *, as_json: AsJson = False) -> None:
        """Cancel what of a job is not over."""
        run(context, "ota_cancel", as_json=as_json, job_id=job_id)
