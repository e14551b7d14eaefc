"""`alink-sim admin job`: device jobs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.verbs.arguments import AsJson, ProductKey
from alink_sim.platform.verbs.request import run

app = typer.Typer(no_args_is_help=True, help="Device jobs: a document for many devices.")

JobId = Annotated[str, typer.Argument(metavar="JOB", show_default=False)]


@app.command("create")
def create(
    context: typer.Context,
    product_key: ProductKey,
    document: Annotated[
        Path, typer.Argument(metavar="DOCUMENT", exists=True, dir_okay=False, show_default=False)
    ],
    devices: Annotated[list[str], typer.Argument(metavar="DEVICENAME...", show_default=False)],
    *,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A file that the devices download."),
    ] = None,
    md5: Annotated[bool, typer.Option("--md5", help="MD5 instead of SHA-256.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give devices a job: a JSON document. Print the job."""
    run(
        context,
        "cloud.create_job",
        as_json=as_json,
        product_key=product_key,
        device_names=devices,
        document=_read(document),
        file=base64.b64encode(file.read_bytes() if file else b"").decode(),
        sign_method="Md5" if md5 else "Sha256",
    )


@app.command("list")
def list_(context: typer.Context, product_key: ProductKey, *, as_json: AsJson = False) -> None:
    """Print a product's jobs."""
    run(context, "cloud.jobs", as_json=as_json, product_key=product_key)


@app.command("tasks")
def tasks(
    context: typer.Context, product_key: ProductKey, job_id: JobId, *, as_json: AsJson = False
) -> None:
    """Print the status of each device of a job."""
    run(context, "cloud.job_tasks", as_json=as_json, product_key=product_key, job_id=job_id)


@app.command("cancel")
def cancel(
    context: typer.Context, product_key: ProductKey, job_id: JobId, *, as_json: AsJson = False
) -> None:
    """Cancel all tasks of a job that have not ended."""
    run(context, "cloud.cancel_job", as_json=as_json, product_key=product_key, job_id=job_id)


@app.command("remove")
def remove(
    context: typer.Context, product_key: ProductKey, job_id: JobId, *, as_json: AsJson = False
) -> None:
    """Delete a job with its tasks."""
    run(context, "cloud.remove_job", as_json=as_json, product_key=product_key, job_id=job_id)


def _read(document: Path) -> Any:
    try:
        return bounded_json.loads(document.read_text("utf-8-sig"))
    except (JsonError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{document} is not JSON: {error}") from error
