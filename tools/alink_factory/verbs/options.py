"""Options that several verbs share."""

from __future__ import annotations

import enum
import getpass
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alink_factory import language

if TYPE_CHECKING:
    from alink_factory.batch.batch_file import Batch
    from alink_factory.batch.plan import Plan
    from alink_factory.batch.rows import RefusedRow
    from alink_factory.cloud.client import AccessKey, Cloud
    from alink_factory.cloud.device_states import DeviceStates
    from alink_factory.job.order import BootCheck as Checks
    from alink_factory.job.order import Order
    from alink_factory.labels.printer import Printer
    from alink_factory.ledger import Ledger, Station

BatchFile = Annotated[Path, typer.Argument(metavar="BATCH", help="The batch file (TOML).")]
LedgerUrl = Annotated[
    str,
    typer.Option(
        "--ledger",
        envvar="ALINK_LEDGER",
        help="The ledger: a file, or a postgresql:// URL.  [default: ledger.db beside BATCH]",
    ),
]
StationName = Annotated[
    str,
    typer.Option(
        "--station", envvar="ALINK_STATION", help="Name of this station.  [default: host name]"
    ),
]
OperatorName = Annotated[
    str,
    typer.Option(
        "--operator", envvar="ALINK_OPERATOR", help="Name of the operator.  [default: user name]"
    ),
]
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        metavar="PORT",
        help="A device, socket:// or rfc2217://. Repeatable.  [default: all of the computer]",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Discard the credentials that boards keep."),
]
Full = Annotated[bool, typer.Option("--full", help="Write all regions, unchanged ones too.")]
Light = Annotated[bool, typer.Option("--light", help="Begin with a light screen.")]
NoStub = Annotated[
    bool,
    typer.Option(
        "--no-stub", help="Use the chip's ROM loader without the stub: slower, for special boards."
    ),
]
BootCheck = Annotated[
    bool | None,
    typer.Option(
        "--boot-check/--no-boot-check",
        help="Let the board boot and print its DeviceName.  [default: line.boot_check]",
    ),
]

Endpoint = Annotated[
    str,
    typer.Option(
        envvar="ALINK_OPENAPI",
        help="The cloud API: a host (HTTPS), or http://HOST:PORT.  [default: that of the region]",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--access-key",
        help='JSON with "id" and "secret"; else ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET.',
    ),
]

BurnEfuses = Annotated[
    bool,
    typer.Option("--burn-efuses", help="Agree to burn eFuse keys, which cannot be undone."),
]


NewLedger = Annotated[
    bool,
    typer.Option(
        "--new-ledger",
        help="Begin the batch again with this ledger, although another one has its boards.",
    ),
]


_TRIES = 3  # To type a PIN.


class Via(enum.StrEnum):
    """The program that burns a board."""

    esptool = "esptool"
    mpremote = "mpremote"


AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, one document in each text line.")
]


@contextmanager
def opened(
    batch: Path, ledger: str, station: str = "", operator: str = ""
) -> Iterator[tuple[Plan, Ledger]]:
    """Open the plan of a batch and its ledger; close the ledger at the end."""
    from alink_factory.batch import plan

    loaded = plan.load(batch)
    with _ledger(batch, ledger, station, operator) as book:
        yield loaded, book


@contextmanager
def recorded(
    batch: Path, ledger: str, station: str = "", operator: str = "", *, is_read_only: bool = False
) -> Iterator[tuple[Batch, Ledger]]:
    """Open a batch file and its ledger, without rows, secrets and images."""
    from alink_factory.batch import batch_file

    loaded = batch_file.load(batch)
    with _ledger(batch, ledger, station, operator, is_read_only=is_read_only) as book:
        yield loaded, book


@contextmanager
def _ledger(
    batch: Path, where: str, station: str, operator: str, *, is_read_only: bool = False
) -> Iterator[Ledger]:
    from alink_factory.ledger import Ledger

    book = Ledger(
        where or str(batch.parent / "ledger.db"),
        station=_station(station, operator),
        is_read_only=is_read_only,
    )
    try:
        yield book
    finally:
        book.close()


@contextmanager
def ordered(
    batch: Path,
    ledger: str,
    station: str = "",
    operator: str = "",
    *,
    no_stub: bool,
    fresh: bool = False,
    full: bool = False,
    boot: bool | None = None,
    over_repl: bool = False,
    burns: bool = False,
    new_ledger: bool = False,
    locked: str = "",
) -> Iterator[Order]:
    """Open everything a job needs; close it at the end.

    `burns`: rows become boards, so the ledger must be the one that the batch was begun with.
    `locked` is what the verb does that only a supervisor may do, "" if any operator may.
    """
    from alink_factory.batch import begun
    from alink_factory.board.scratch import scratch
    from alink_factory.job.order import Order

    with opened(batch, ledger, station, operator) as (loaded, book), scratch() as folder:
        plan = loaded.of_station(book.station.name) if burns else loaded
        locks = {"--fresh": fresh, "--new-ledger": new_ledger, locked: bool(locked)}
        if reasons := [what for what, is_asked in locks.items() if is_asked]:
            unlock(plan.batch, reasons[-1])
        if burns and (warning := begun.bind(plan.batch, book, is_new=new_ledger)):
            typer.echo(f"alink-burn: {language.text(warning)}", err=True)
        yield Order(
            plan,
            book,
            folder,
            fresh=fresh,
            full=full,
            stub=not no_stub,
            over_repl=over_repl,
            boot_check=boot_check(plan, given=boot),
        )


@contextmanager
def labeled(order: Order) -> Iterator[Printer | None]:
    """Print the label of each board that gets done, if the batch prints labels."""
    template = order.plan.batch.labels
    if template is None or not template.command:
        yield None
        return
    from alink_factory.labels import printer

    with printer.running(order.plan, order.ledger) as made:
        order.on_done = made.put
        yield made


def unlock(batch: Batch, what: str) -> None:
    """Ask for the PIN of a batch, if it has one, before a locked action. Raises BatchError."""
    from alink_factory.batch import pin
    from alink_factory.errors import BatchError

    if not batch.pin:
        return
    if given := os.environ.get("ALINK_PIN", ""):
        if pin.is_right(given, batch.pin):
            return
        raise BatchError(f"{what} is locked, and ALINK_PIN is not the supervisor's PIN")
    if not sys.stdin.isatty():
        raise BatchError(f"{what} is locked by the supervisor's PIN: set ALINK_PIN")
    for _ in range(_TRIES):
        question = language.text(f"{what} is locked. Supervisor's PIN")
        typed = typer.prompt(question, hide_input=True, err=True)
        if pin.is_right(typed, batch.pin):
            return
        typer.echo(language.text("This is not the supervisor's PIN."), err=True)
    raise BatchError(f"{what} stays locked: {_TRIES} wrong PINs")


def asked_operator(operator: str, *, as_json: bool) -> str:
    """Return the operator's name, which is asked at a terminal if it is empty."""
    if operator or as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return operator
    return str(typer.prompt(language.text("Operator"), default=_user(), err=True)).strip()


def needed_cloud(plan: Plan, endpoint: str, access_key: Path | None) -> Cloud | None:
    """Return the cloud API if rows of the batch need it. Raises CloudError without a key."""
    if not any(map(plan.needs_cloud, plan.rows)):
        return None
    from alink_factory.cloud.client import AccessKey

    return cloud(plan, endpoint, AccessKey.find(access_key))


def cloud(plan: Plan, endpoint: str, key: AccessKey) -> Cloud:
    """Return the cloud API of the batch's region and instance, or that at `endpoint`."""
    from alink_factory.cloud.client import Cloud

    common = plan.batch.common
    host = endpoint or f"iot.{common.region or 'cn-shanghai'}.aliyuncs.com"
    return Cloud(host, key, instance=common.instance_id)


def device_states(
    plan: Plan, endpoint: str, access_key: Path | None, *, is_asked: bool = False
) -> DeviceStates | None:
    """Return who asks the cloud for the names of a batch, if it or the operator wants that."""
    if not (is_asked or plan.batch.asks_cloud):
        return None
    from alink_factory.cloud.client import AccessKey
    from alink_factory.cloud.device_states import DeviceStates

    return DeviceStates(plan, cloud(plan, endpoint, AccessKey.find(access_key)))


def refuse(order: Order, endpoint: str, access_key: Path | None) -> list[RefusedRow]:
    """Leave out the rows that the cloud refuses, if the batch says so; return them."""
    order.states = device_states(order.plan, endpoint, access_key)
    refused = order.states.refused(order.ledger) if order.states else []
    order.plan = order.plan.without({one.row.key for one in refused})
    return refused


def agreed(plan: Plan, *, given: bool) -> bool:
    """Return whether eFuses may be burned: by the option, or asked once. Raises BatchError."""
    block = plan.batch.efuse_block
    if block is None or given:
        return given
    from alink_factory.errors import BatchError

    what = f"{len(plan.burnable)} boards get the ProductSecret in eFuse BLOCK_KEY{block}"
    if not sys.stdin.isatty():
        raise BatchError(f"{what}. That cannot be undone: add --burn-efuses")
    return typer.confirm(language.text(f"{what}. That cannot be undone. Burn?"), abort=True)


def rehearse_efuses(plan: Plan) -> None:
    """Burn the keys of a batch into espefuse's virtual chip. Raises BatchError."""
    keys = {plan.efuse_key(row) for row in plan.burnable} - {None}
    if not keys:
        return
    from alink_factory.board import espefuse
    from alink_factory.board.board import EfuseKey
    from alink_factory.board.scratch import scratch

    with scratch() as folder:
        for key in filter(None, keys):
            espefuse.rehearse(plan.board.chip, EfuseKey(*key), scratch=folder)


def present(named: list[str] | None) -> Callable[[], list[str]]:
    """Return the function that lists the ports: those given, or all of the computer."""
    from alink_factory.board import ports

    return ports.named(named) if named else ports.listed


def boot_check(plan: Plan, *, given: bool | None) -> Checks | None:
    """Return the boot check if the command line or the batch wants it."""
    if not (plan.batch.boot_check if given is None else given):
        return None
    from alink_factory.board import boot_check as first_boot

    return first_boot.check


def _station(name: str, operator: str) -> Station:
    # The defaults are this computer and this user.
    from alink_factory.ledger import Station

    return Station(name=name or socket.gethostname(), operator=operator or _user())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # A user without a name; Windows without variables.
        return "unknown"
