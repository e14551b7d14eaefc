"""`alink-sim admin device set|desire|call|send|ask|shadow|log`: what the cloud sends down."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from alink_sim.platform.topics.rrpc import RrpcCode
from alink_sim.platform.verbs.output import AsJson

ProductKey = Annotated[str, typer.Argument(metavar="PRODUCTKEY", show_default=False)]
DeviceName = Annotated[str, typer.Argument(metavar="DEVICENAME", show_default=False)]
Values = Annotated[
    list[str], typer.Argument(metavar="NAME=JSON", help="target=21 mode='\"eco\"' led=1")
]
Timeout = Annotated[int, typer.Option(min=1000, max=8000, help="Milliseconds for the answer.")]


def add_to(device: typer.Typer, run: Callable[..., Any]) -> None:
    """Add the verbs; `run(context, operation, as_json=..., **parameters)` carries one out.

    It prints what the operation returned, and returns it.
    """

    @device.command("set")
    def set_(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        values: Values,
        *,
        as_json: AsJson = False,
    ) -> None:
        """Set properties. The device's answer is an event `answered` with the id printed here."""
        run(context, "device_set", as_json=as_json, **_to(product_key, device_name, values))

    @device.command("desire")
    def desire(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        values: Values,
        *,
        as_json: AsJson = False,
    ) -> None:
        """Set desired values, which wait for the device. Print their versions."""
        run(context, "device_desire", as_json=as_json, **_to(product_key, device_name, values))

    @device.command("call")
    def call(
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
        """Call a service; with --wait print its answer."""
        parameters = {
            "product_key": product_key,
            "device_name": device_name,
            "service": service,
            "inputs": _parsed(inputs or []),
            "timeout_ms": timeout if wait else None,
        }
        _answered(run(context, "device_call", as_json=as_json, **parameters), device_name)

    @device.command("send")
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
        """Send text on a topic; print to how many sessions it went."""
        where = {"product_key": product_key, "device_name": device_name}
        run(context, "device_send", as_json=as_json, topic=topic, text=text, qos=qos, **where)

    @device.command("ask")
    def ask(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        text: str,
        *,
        topic: Annotated[str, typer.Option(help="As of send; the system's if left out.")] = "",
        timeout: Timeout = 5000,
        as_json: AsJson = False,
    ) -> None:
        """Ask by RRPC and print the answer."""
        where = {"product_key": product_key, "device_name": device_name, "topic": topic}
        result = run(
            context, "device_ask", as_json=as_json, text=text, timeout_ms=timeout, **where
        )
        _answered(result, device_name)

    @device.command("shadow")
    def shadow(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        desired: Annotated[list[str] | None, typer.Argument(metavar="NAME=JSON")] = None,
        *,
        as_json: AsJson = False,
    ) -> None:
        """Print a device's shadow. Desired values that are given are set first."""
        where = {"product_key": product_key, "device_name": device_name}
        wanted = _parsed(desired or [])
        run(context, "device_shadow", as_json=as_json, desired=wanted, **where)

    @device.command("log")
    def log(
        context: typer.Context,
        product_key: ProductKey,
        device_name: DeviceName,
        *,
        on: Annotated[bool, typer.Option("--on/--off")] = True,
        as_json: AsJson = False,
    ) -> None:
        """Have a device upload its log, or not. The lines are events `device_log`."""
        where = {"product_key": product_key, "device_name": device_name}
        run(context, "device_log", as_json=as_json, on=on, **where)


def _answered(result: dict[str, str], device_name: str) -> None:
    # A call that nobody waits for has an id and no code.
    code = result.get("code", RrpcCode.SUCCESS)
    if code != RrpcCode.SUCCESS:
        typer.echo(
            f"alink-sim: {device_name} gave no answer ({code}); what it was sent: "
            f"alink-sim admin events --device {device_name}",
            err=True,
        )
        raise typer.Exit(1)


def _to(product_key: str, device_name: str, values: list[str]) -> dict[str, Any]:
    return {
        "product_key": product_key,
        "device_name": device_name,
        "values": _parsed(values),
    }


def _parsed(assignments: list[str]) -> dict[str, Any]:
    values = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            values[name] = json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            example = f"{name}='{json.dumps(text)}'"
            raise typer.BadParameter(
                f"{assignment!r} is not NAME=JSON: a number, or a text in quotes: {example}"
            ) from error
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
