"""`alink-sim platform`: serve a platform until it is stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_formats import extras
from alink_sim.platform.control.serving import Serving, serve
from alink_sim.platform.platform import Listen
from alink_sim.platform.verbs.arguments import AsJson
from alink_sim.platform.verbs.output import reported


def platform(
    *,
    state: Annotated[
        Path, typer.Option(envvar="ALINK_STATE", help="Folder of its database, CA and key.")
    ],
    setup: Annotated[
        Path | None, typer.Option(help="TOML or JSON file of products and devices to be there.")
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(help="TOML or JSON file of faults to script, see docs/reference/faults.md."),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            envvar="ALINK_DB", help="sqlite:// or postgresql:// URL instead of a file there."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    mqtt_port: Annotated[
        int, typer.Option(min=0, max=65535, help="TLS and plain MQTT; 0 is any free one.")
    ] = 1883,
    mqtt_tls_port: Annotated[
        int, typer.Option(min=0, max=65535, help="TLS only; 0 is any free one.")
    ] = 8883,
    https_port: Annotated[
        int, typer.Option(min=0, max=65535, help="HTTPS for devices; 0 is any free one.")
    ] = 0,
    openapi_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The cloud API; 0 is any free one.")
    ] = 0,
    ota_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Files of update packages; 0 is any free one.")
    ] = 0,
    console_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="The web console, on 127.0.0.1; 0 is any free one."),
    ] = 0,
    console: Annotated[bool, typer.Option("--console/--no-console")] = True,
    ota_host: Annotated[
        str,
        typer.Option(
            metavar="NAME[:PORT]",
            help="Where devices find them, if not localhost.",
        ),
    ] = "",
    san: Annotated[
        list[str] | None, typer.Option(help="One more name or address of the certificate.")
    ] = None,
    ecdsa: Annotated[bool, typer.Option("--ecdsa", help="P-256 instead of RSA 2048.")] = False,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add every event to it, a line of JSON each."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A setting, docs/reference/platform-settings.md."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a platform: devices register, log in and post. Stop it with Ctrl-C."""
    serving = Serving(
        state=state,
        setup=setup,
        faults=faults,
        database_url=db,
        listen=Listen(
            host=host,
            mqtt_port=mqtt_port,
            mqtt_tls_port=mqtt_tls_port,
            https_port=https_port,
            openapi_port=openapi_port,
            ota_port=ota_port,
            ota_host=ota_host,
            console_port=console_port if console and extras.has("console") else None,
            san=tuple(san or ()),
        ),
        ecdsa=ecdsa,
        events=events,
        assignments=setting or (),
    )

    def ready(facts: dict[str, Any]) -> None:
        typer.echo(json.dumps(facts) if as_json else _described(facts, state))

    with reported():
        serve(serving, ready=ready)


def _described(facts: dict[str, Any], state: Path) -> str:
    return "\n".join(
        (
            f"MQTT over TLS   {facts['host']}:{facts['mqtt_tls_port']}",
            f"MQTT, TLS too   {facts['host']}:{facts['mqtt_port']}",
            f"HTTPS           {facts['host']}:{facts['https_port']}",
            f"cloud API       {facts['host']}:{facts['openapi_port']}",
            f"OTA files       {facts['host']}:{facts['ota_port']}",
            f"web console     {facts['console_url'] or _no_console()}",
            f"root to trust   {facts['ca_pem']}  (for a board: {facts['ca_der']})",
            f"its access key  alink-sim admin --state {state} access-key",
            f"administration  alink-sim admin --state {state} --help",
        )
    )


def _no_console() -> str:
    return "not served" if extras.has("console") else f"not served: {extras.how_to_get('console')}"
