"""`alink-sim admin device set|desire|call|send|ask|shadow|log`: messages to a device."""

from __future__ import annotations

import json
from time import monotonic, sleep
from typing import Annotated, Any

import typer

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.topics.rrpc import RrpcCode
from alink_sim.platform.verbs import output, request
from alink_sim.platform.verbs.arguments import AsJson, DeviceName, ProductKey
from alink_sim.platform.verbs.request import run

_PAUSE = 0.1  # Seconds between two looks for a reply.
_DONE = 200

Values = Annotated[
    list[str], typer.Argument(metavar="NAME=JSON", help="target=21 mode='\"eco\"' led=1")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the device's reply and print it.")]
Timeout = Annotated[
    int, typer.Option(min=1000, max=8000, help="Milliseconds to wait for the reply.")
]


def set_properties(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    values: Values,
    *,
    wait: Wait = False,
    timeout: Timeout = 5000,
    as_json: AsJson = False,
) -> None:
    """Set properties; print the id, or the reply of the device."""
    device = {"product_key": product_key, "device_name": device_name}
    patience = timeout if wait else 0
    _set(context, "cloud.set_properties", patience, as_json=as_json, values=values, **device)


def set_desired(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    values: Values,
    *,
    wait: Wait = False,
    timeout: Timeout = 5000,
    as_json: AsJson = False,
) -> None:
    """Set desired values, which wait for the device. Print their versions, or its reply."""
    device = {"product_key": product_key, "device_name": device_name}
    patience = timeout if wait else 0
    _set(context, "cloud.set_desired", patience, as_json=as_json, values=values, **device)


def call_service(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    service: Annotated[str, typer.Argument(metavar="SERVICE", show_default=False)],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="NAME=JSON")] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Call it synchronously.")] = False,
    timeout: Timeout = 5000,
    as_json: AsJson = False,
) -> None:
    """Call a service; with --wait print its reply."""
    call = {
        "product_key": product_key,
        "device_name": device_name,
        "service": service,
        "inputs": _parsed(inputs or []),
    }
    if not wait:
        run(context, "cloud.call_service", as_json=as_json, **call)
        return
    result = run(context, "cloud.call_service_sync", as_json=as_json, timeout_ms=timeout, **call)
    _fail_without_reply(result, device_name)


def send(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    topic: Annotated[str, typer.Argument(help="user/get is /PRODUCTKEY/DEVICENAME/user/get.")],
    text: str,
    *,
    qos: Annotated[int, typer.Option(min=0, max=1)] = 0,
    as_json: AsJson = False,
) -> None:
    """Send text on a topic; print how many sessions it went to."""
    run(
        context,
        "cloud.send",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        topic=topic,
        payload=text,
        qos=qos,
    )


def ask(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    text: str,
    *,
    topic: Annotated[
        str, typer.Option(help="As for send; without it the RRPC topic of the system.")
    ] = "",
    timeout: Timeout = 5000,
    as_json: AsJson = False,
) -> None:
    """Send text as an RRPC request and print the reply."""
    result = run(
        context,
        "cloud.rrpc",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        payload=text,
        topic=topic,
        timeout_ms=timeout,
    )
    _fail_without_reply(result, device_name)


def shadow(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    desired: Annotated[list[str] | None, typer.Argument(metavar="NAME=JSON")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print a device's shadow; with desired values, set them first."""
    device = {"product_key": product_key, "device_name": device_name}
    if desired:
        request.call(context, "cloud.set_shadow", desired=_parsed(desired), **device)
    run(context, "cloud.shadow", as_json=as_json, **device)


def log(
    context: typer.Context,
    product_key: ProductKey,
    device_name: DeviceName,
    *,
    on: Annotated[bool, typer.Option("--on/--off")] = True,
    as_json: AsJson = False,
) -> None:
    """Switch a device's log upload on or off. Its log lines are events `device_log`."""
    run(
        context,
        "cloud.set_log_mode",
        as_json=as_json,
        product_key=product_key,
        device_name=device_name,
        on=on,
    )


def _set(
    context: typer.Context,
    operation: str,
    timeout_ms: int,
    *,
    as_json: bool,
    values: list[str],
    **device: str,
) -> None:
    # Print the reply of the device, with a timeout of 0 that of the platform.
    if not timeout_ms:
        run(context, operation, as_json=as_json, values=_parsed(values), **device)
        return
    # A desired value has no id: the reply is known by its topic.
    number = request.call(context, "log.after", number=0, limit=1)["number"]
    request.call(context, operation, values=_parsed(values), **device)
    topic = (
        f"/sys/{device['product_key']}/{device['device_name']}/thing/service/property/set_reply"
    )
    end = monotonic() + timeout_ms / 1000
    while True:
        fresh = request.call(context, "log.after", number=number, kind="answered", **device)
        for reply in (event["detail"] for event in fresh["events"]):
            if reply["topic"] == topic:
                output.show({"id": reply["id"], "code": reply["answer"]}, as_json=as_json)
                if reply["answer"] != _DONE:
                    raise typer.Exit(1)
                return
        if monotonic() >= end:
            _fail_without_reply({"code": "TIMEOUT"}, device["device_name"])
        sleep(_PAUSE)


def _fail_without_reply(result: dict[str, str], device_name: str) -> None:
    code = result["code"]
    if code != RrpcCode.SUCCESS:
        typer.echo(
            f"alink-sim: {device_name} sent no reply ({code}); see its messages: "
            f"alink-sim admin events --device {device_name}",
            err=True,
        )
        raise typer.Exit(1)


def _parsed(assignments: list[str]) -> dict[str, Any]:
    values = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            values[name] = bounded_json.loads(text)
        except JsonError as error:
            example = f"{name}='{json.dumps(text)}'"
            raise typer.BadParameter(
                f"{assignment!r} is not NAME=JSON: a number, or a text in quotes: {example}"
            ) from error
    return values
