"""`alink-sim admin`: control a running platform, one operation a command."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim.platform.control import client
from alink_sim.platform.verbs import device, faults, file, job, ota, product, request, topology
from alink_sim.platform.verbs.arguments import AsJson
from alink_sim.platform.verbs.moment import moment
from alink_sim.platform.verbs.output import reported, show_events

app = typer.Typer(no_args_is_help=True, help="Control a running platform.")
app.add_typer(product.app, name="product")
app.add_typer(device.app, name="device")
app.add_typer(faults.app, name="faults")
app.add_typer(ota.app, name="ota")
app.add_typer(job.app, name="job")
app.add_typer(file.app, name="file")
app.add_typer(topology.app, name="topology")

_TIME = "Seconds since 1970, 2026-11-25T22:00 (UTC), or 90s, 15m, 2h, 1d ago."
_PAUSE = 0.3  # Seconds between two looks at the log.


@app.callback()
def admin(
    context: typer.Context,
    *,
    state: Annotated[
        Path | None,
        typer.Option(envvar="ALINK_STATE", help="State directory of the running platform."),
    ] = None,
) -> None:
    """Find the platform."""
    context.obj = state  # Not required here, or no command could show its help without it.


@app.command("access-key")
def access_key(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the access key of the cloud API, with its secret."""
    request.run(context, "access_key", as_json=as_json)


@app.command("events")
def events(
    context: typer.Context,
    *,
    product_key: Annotated[str | None, typer.Option("--product", metavar="PRODUCTKEY")] = None,
    device_name: Annotated[str | None, typer.Option("--device", metavar="DEVICENAME")] = None,
    client_id: Annotated[str | None, typer.Option(metavar="CLIENTID")] = None,
    kind: Annotated[str | None, typer.Option(help="As in docs/reference/platform.md.")] = None,
    code: Annotated[int | None, typer.Option(help="A vendor code, as 6289.")] = None,
    since: Annotated[float | None, typer.Option(parser=moment, metavar="TIME", help=_TIME)] = None,
    until: Annotated[float | None, typer.Option(parser=moment, metavar="TIME", help=_TIME)] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Only the newest ones, at most this many.")
    ] = 1000,
    followed: Annotated[
        bool,
        typer.Option("--follow", help="Go on until Ctrl-C; --json then prints one line an event."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what happened, and why the platform refused."""
    filters = {
        "product_key": product_key,
        "device_name": device_name,
        "client_id": client_id,
        "kind": kind,
        "code": code,
        "since": since,
        "until": until,
    }
    if followed:
        _follow(context, limit=limit, as_json=as_json, **filters)
    elif as_json:
        request.run(context, "log.select", as_json=True, limit=limit, **filters)
    else:
        show_events(request.call(context, "log.select", limit=limit, **filters))


def _follow(context: typer.Context, *, limit: int, as_json: bool, **filters: Any) -> None:
    state = request.state(context)
    with reported(), suppress(KeyboardInterrupt):
        for fresh in client.follow(
            state, limit=limit, pause=lambda: time.sleep(_PAUSE), **filters
        ):
            show_events(fresh, as_json=as_json)
