"""Verbs beside the line: the cloud, checks of the computer, returned boards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from alink_factory import language
from alink_factory.errors import BatchError
from alink_factory.verbs import options, output
from alink_factory.verbs.options import (
    AsJson,
    BatchFile,
    BootCheck,
    Endpoint,
    KeyFile,
    LedgerUrl,
    Light,
    NoStub,
    OperatorName,
    Ports,
    StationName,
)

BoardPort = Annotated[str, typer.Option("--port", help="The board's port.")]

if TYPE_CHECKING:
    from alink_factory.job.wipe import Agree


def add_to(app: typer.Typer) -> None:
    """Give the program its verbs."""
    for verb in (register, update, wipe, watch, doctor, pin):
        app.command()(verb)


def register(
    batch: BatchFile,
    *,
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    size: Annotated[int, typer.Option(min=1, max=10_000, help="Names in one call.")] = 1000,
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """Pre-register the DeviceNames in the cloud. Existing devices do not change."""
    from alink_factory.cloud import register as registering
    from alink_factory.cloud.client import AccessKey

    key = AccessKey.find(access_key)
    with options.opened(batch, ledger, station, operator) as (plan, book):
        states = registering.register(plan, book, options.cloud(plan, endpoint, key), size=size)
        all_good = output.registrations(states, as_json=as_json)
    raise typer.Exit(0 if all_good else 1)


def update(
    batch: BatchFile,
    *,
    port: BoardPort,
    no_stub: NoStub = False,
    boot_check: BootCheck = None,
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """Update the firmware of a burned board. Its identity does not change."""
    from alink_factory.job import update as updating

    with options.ordered(
        batch, ledger, station, operator, no_stub=no_stub, boot=boot_check
    ) as order:
        done = updating.update(order, port)
    output.updated(done, as_json=as_json)


def wipe(
    batch: BatchFile,
    *,
    port: BoardPort,
    mac: Annotated[str, typer.Option(help="The MAC of the board to erase.")] = "",
    name: Annotated[str, typer.Option(help="Or the DeviceName of the board to erase.")] = "",
    reason: Annotated[str, typer.Option(help="The reason; the ledger keeps it.")] = "returned",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Then burn it again, as the same row.")
    ] = False,
    reset_cloud: Annotated[
        bool,
        typer.Option(
            "--reset-cloud", help="Call ResetThing, so that its name may register again."
        ),
    ] = False,
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    no_stub: NoStub = False,
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """Erase a returned board. Note it in the ledger, say what the cloud needs.

    It asks first, unless --mac or --name names the board.
    """
    from alink_factory.cloud.client import AccessKey
    from alink_factory.job import job
    from alink_factory.job import wipe as wiping
    from alink_factory.screen import terminal

    key = AccessKey.find(access_key) if reset_cloud else None
    agree = _agreement(mac, name)
    with options.ordered(
        batch,
        ledger,
        station,
        operator,
        no_stub=no_stub,
        fresh=fresh,
        boot=False,
        locked="wipe",
    ) as order:
        esptool = order.esptool(port)
        done = wiping.wipe(
            order.plan, order.ledger, esptool, reason=reason, again=fresh, agree=agree
        )
        if key:
            done = wiping.reset(done, options.cloud(order.plan, endpoint, key))
        output.wiped(done, as_json=as_json)
        if not fresh:
            return
        order.cloud = options.needed_cloud(order.plan, endpoint, access_key)
        with terminal.stoppable(order), output.progress(as_json=as_json) as display:
            outcome = job.burn(order, port, report=display.progress)
            display.outcome(outcome, is_last=True)
    raise typer.Exit(1 if outcome.result == "failed" else 0)


def _agreement(mac: str, name: str) -> Agree:
    # Compares the board with the one that was named, or asks the operator.
    digits = mac.replace(":", "").replace("-", "").lower()

    def is_named(found: str, owners: set[tuple[str, str]]) -> bool:
        names = {one for _, one in owners}
        return (not digits or digits == found) and (not name or name in names)

    def is_confirmed(found: str, owners: set[tuple[str, str]]) -> bool:
        names = ", ".join(one for _, one in sorted(owners)) or "no identity"
        return typer.confirm(language.text(f"Erase the board {found}, {names}?"), err=True)

    if mac or name:
        return is_named
    if sys.stdin.isatty():
        return is_confirmed
    raise BatchError("name the board to erase with --mac or --name")


def pin() -> None:
    """Ask for a supervisor's PIN. Print its hash for the batch file."""
    from alink_factory.batch import pin as pins

    text = typer.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
    typer.echo(f'[supervisor]\npin = "{pins.hashed(text)}"')


def watch(
    batch: BatchFile,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print the figures once and end.")] = False,
    serve: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Show them as a page for browsers.")
    ] = "",
    light: Light = False,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show all stations of a batch live: yield, failures, rate."""
    import signal
    import threading

    from alink_factory.screen import terminal, watch_server
    from alink_factory.screen import watch as watching

    where = watch_server.address(serve) if serve else None
    with options.recorded(batch, ledger, is_read_only=True) as (loaded, book):
        rows = sum(row.kind != "subdevice" for row in output.readable_rows(loaded))
        made = watching.Watch(book, loaded.name, rows)
        if where and not (as_json or once):
            stop = threading.Event()
            signal.signal(signal.SIGINT, lambda *_: stop.set())
            output.say(f"http://{serve} shows the batch to browsers. Ctrl-C ends it.")
            watch_server.run(made, where, stop=stop)
        elif terminal.ScreenOptions(as_json=as_json, is_plain=once).has_screen:
            terminal.watch(made, is_light=light)
        else:
            made.look()
            output.figures(made, as_json=as_json)


def doctor(*, port: Ports = None, as_json: AsJson = False) -> None:
    """Check programs, ports, permissions and chips. Say how to fix them."""
    from alink_factory.board import doctor as doctors
    from alink_factory.board import esptool
    from alink_factory.board.scratch import scratch

    with scratch() as folder:
        findings = doctors.examine(
            port or [], lambda name: esptool.identified(name, scratch=folder)
        )
        all_good = output.findings(findings, as_json=as_json)
    raise typer.Exit(0 if all_good else 1)
