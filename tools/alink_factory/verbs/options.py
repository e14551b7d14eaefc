"""Options that several verbs have."""

from __future__ import annotations

import enum
import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alink_factory.batch.plan import Plan
    from alink_factory.job.order import BootCheck as Checks
    from alink_factory.job.order import Order
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
    str, typer.Option("--station", envvar="ALINK_STATION", help="Name of this place.")
]
OperatorName = Annotated[
    str, typer.Option("--operator", envvar="ALINK_OPERATOR", help="Who stands here.")
]
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        metavar="PORT",
        help="A port: a device, socket:// or rfc2217://. Repeatable; else all of the computer.",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Discard what devices keep of an earlier registration."),
]
Full = Annotated[bool, typer.Option("--full", help="Write all regions, also unchanged ones.")]
NoStub = Annotated[
    bool, typer.Option("--no-stub", help="Talk to the chip's ROM only: slower, for odd boards.")
]
BootCheck = Annotated[
    bool | None,
    typer.Option(
        "--boot-check/--no-boot-check",
        help="Let the board boot and say its DeviceName.  [default: what the batch says]",
    ),
]


class Via(enum.StrEnum):
    """Through what a board is burned."""

    esptool = "esptool"
    mpremote = "mpremote"


AsJson = Annotated[bool, typer.Option("--json", help="JSON, one document a line.")]


@contextmanager
def opened(
    batch: Path, ledger: str, station: str = "", operator: str = ""
) -> Iterator[tuple[Plan, Ledger]]:
    """Give the plan of a batch and its ledger, which is closed at the end."""
    from alink_factory.batch import plan
    from alink_factory.ledger import Ledger

    loaded = plan.load(batch)
    where = ledger or str(batch.parent / "ledger.db")
    book = Ledger(where, station=_station(station, operator))
    try:
        yield loaded, book
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
) -> Iterator[Order]:
    """Give everything that burning needs, and take it back at the end."""
    from alink_factory.board.scratch import scratch
    from alink_factory.job.order import Order

    with opened(batch, ledger, station, operator) as (plan, book), scratch() as folder:
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


def present(named: list[str] | None) -> Callable[[], list[str]]:
    """Return what tells the ports with a board: those that were named, or all of the computer."""
    from alink_factory.board import ports

    return ports.named(named) if named else ports.listed


def boot_check(plan: Plan, *, given: bool | None) -> Checks | None:
    """Return what checks the first boot, if the command line or the batch wants it."""
    if not (plan.batch.boot_check if given is None else given):
        return None
    from alink_factory.board import boot_check as first_boot

    return first_boot.check


def _station(name: str, operator: str) -> Station:
    # What is not given is this computer and this user.
    from alink_factory.ledger import Station

    if not operator:
        try:
            operator = getpass.getuser()
        except (KeyError, OSError):  # A user without a name.
            operator = str(os.getuid())
    return Station(name=name or socket.gethostname(), operator=operator)
