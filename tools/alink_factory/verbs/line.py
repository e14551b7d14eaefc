"""Verbs of the line itself: from a plan to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alink_factory.verbs import options, output
from alink_factory.verbs.exports import image, sub_device
from alink_factory.verbs.options import (
    AsJson,
    BatchFile,
    BootCheck,
    BurnEfuses,
    Endpoint,
    Fresh,
    Full,
    KeyFile,
    LedgerUrl,
    Light,
    NewLedger,
    NoStub,
    OperatorName,
    Ports,
    StationName,
    Via,
)


def add_to(app: typer.Typer) -> None:
    """Give the program its verbs, in the order of a batch."""
    for verb in (
        plan,
        image,
        sub_device,
        flash,
        verify,
        run,
        resume,
        scrap,
        report,
        labels,
        entries,
        deliver,
    ):
        app.command()(verb)


def plan(
    batch: BatchFile,
    *,
    ask_cloud: Annotated[
        bool, typer.Option("--ask-cloud", help="List the rows whose device is active or missing.")
    ] = False,
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Check a batch and every file it names. No board is touched."""
    from alink_factory.report import overview

    with options.opened(batch, ledger) as (loaded, book):
        options.rehearse_efuses(loaded)
        if loaded.batch.labels:
            from alink_factory.labels import pdf

            pdf.rehearse(loaded.batch, loaded.rows)
        states = options.device_states(loaded, endpoint, access_key, is_asked=ask_cloud)
        made = overview.make(loaded, book, states.refused(book) if states else None)
        output.overview(made, batch, as_json=as_json)
    raise typer.Exit(1 if made.clashes else 0)


def flash(
    batch: BatchFile,
    *,
    port: Annotated[str, typer.Option(help="The board's port.")],
    fresh: Fresh = False,
    full: Full = False,
    no_stub: NoStub = False,
    boot_check: BootCheck = None,
    serial: Annotated[str, typer.Option(help="The board's serial number.")] = "",
    via: Annotated[Via, typer.Option(help="mpremote: the board already runs MicroPython.")] = (
        Via.esptool
    ),
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    burn_efuses: BurnEfuses = False,
    ledger: LedgerUrl = "",
    new_ledger: NewLedger = False,
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """Burn and verify the board on one port."""
    from alink_factory.job import job
    from alink_factory.mes import delivery
    from alink_factory.report import overview
    from alink_factory.screen import terminal

    with options.ordered(
        batch,
        ledger,
        station,
        operator,
        fresh=fresh,
        full=full,
        no_stub=no_stub,
        boot=boot_check,
        over_repl=via is Via.mpremote,
        burns=True,
        new_ledger=new_ledger,
    ) as order:
        order.cloud = options.needed_cloud(order.plan, endpoint, access_key)
        refused = options.refuse(order, endpoint, access_key)
        output.warnings(overview.refusals(refused))
        order.burns_efuses = options.agreed(order.plan, given=burn_efuses)
        if serial:
            order.serials.add(serial)
        with (
            delivery.running(order.plan.batch, order.ledger) as undelivered,
            options.labeled(order) as printer,
            terminal.stoppable(order),
            output.progress(as_json=as_json) as display,
        ):
            outcome = job.burn(order, port, report=display.progress)
            display.outcome(outcome, is_last=True)
        output.warnings(undelivered)
        output.unprinted(printer, batch)
    raise typer.Exit(1 if outcome.result == "failed" else 0)


def verify(
    batch: BatchFile,
    *,
    port: Annotated[str, typer.Option(help="The board's port.")],
    no_stub: NoStub = False,
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Read a board back and compare it with its batch. It changes nothing."""
    from alink_factory.job import verify

    with options.ordered(batch, ledger, no_stub=no_stub) as order:
        checks = verify.check(order.plan, order.ledger, order.esptool(port))
    output.checks(checks, as_json=as_json)
    raise typer.Exit(0 if all(one.is_good for one in checks) else 1)


def run(
    batch: BatchFile,
    *,
    port: Ports = None,
    fresh: Fresh = False,
    full: Full = False,
    no_stub: NoStub = False,
    boot_check: BootCheck = None,
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    burn_efuses: BurnEfuses = False,
    ledger: LedgerUrl = "",
    new_ledger: NewLedger = False,
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print text lines in place of the screen.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No beeps.")] = False,
    light: Light = False,
) -> None:
    """Burn each board that is plugged in until the batch is done."""
    from alink_factory.mes import delivery
    from alink_factory.report import overview
    from alink_factory.screen import terminal

    operator = options.asked_operator(operator, as_json=as_json)
    with options.ordered(
        batch,
        ledger,
        station,
        operator,
        fresh=fresh,
        full=full,
        no_stub=no_stub,
        boot=boot_check,
        burns=True,
        new_ledger=new_ledger,
    ) as order:
        order.cloud = options.needed_cloud(order.plan, endpoint, access_key)
        refused = options.refuse(order, endpoint, access_key)
        output.warnings(overview.refusals(refused))
        order.burns_efuses = options.agreed(order.plan, given=burn_efuses)
        shown = terminal.ScreenOptions(
            as_json=as_json,
            is_plain=plain,
            beeps=not quiet,
            is_light=light,
            named=tuple(port or ()),
        )
        present, console = options.present(port), output.console()
        with (
            delivery.running(order.plan.batch, order.ledger) as undelivered,
            options.labeled(order) as printer,
        ):
            all_good = terminal.run(
                order, present, options=shown, console=console, printer=printer
            )
        output.warnings(undelivered)
        output.unprinted(printer, batch)
        output.ending(order, as_json=as_json)
    raise typer.Exit(0 if all_good and not refused else 1)


def resume(
    batch: BatchFile,
    *,
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
    as_json: AsJson = False,
) -> None:
    """Free the rows of untouched boards after a crash. List the begun boards.

    Then `run` continues. Safe at any time, also while other stations work.
    """
    with options.recorded(batch, ledger, station, operator) as (loaded, book):
        released = book.release(loaded.name, station=book.station.name)
        begun = book.unfinished(loaded.name)
    output.resumed(released, begun, batch, as_json=as_json)


def scrap(
    batch: BatchFile,
    *,
    reason: Annotated[str, typer.Option(help="The reason; the ledger keeps it.")],
    mac: Annotated[str, typer.Option(help="The board's MAC.")] = "",
    name: Annotated[str, typer.Option(help="Or its DeviceName.")] = "",
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
) -> None:
    """Remove a board from the batch. Its row goes to another board."""
    from alink_factory.job import scrap as scrapping

    with options.recorded(batch, ledger, station, operator) as (loaded, book):
        options.unlock(loaded, "scrap")
        digits = mac.replace(":", "").replace("-", "").lower()
        freed = scrapping.scrap(loaded.name, book, mac=digits, name=name, reason=reason)
    output.say(
        f"{freed} is free again. Destroy or wipe the board: it may still hold that identity."
    )


def report(
    batch: BatchFile,
    *,
    form: Annotated[str, typer.Option("--format", help="csv, json or html.")] = "csv",
    as_html: Annotated[
        bool, typer.Option("--html", help="A page with yield, failures and plots, to be printed.")
    ] = False,
    target: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Prove that no entry was changed or removed.")
    ] = False,
    head: Annotated[
        str, typer.Option(help="With --audit: the chain's head on an earlier report.")
    ] = "",
    ledger: LedgerUrl = "",
) -> None:
    """Write the state of every row as CSV, JSON or HTML. It holds no secret."""
    from alink_factory.ledger import chain
    from alink_factory.report import report as reports

    if audit or head:
        with (
            options.recorded(batch, ledger, is_read_only=True) as (loaded, book),
            book.history(loaded.name) as history,
        ):
            made = chain.audit(history.of_all_batches(), head=head.lower())
        raise typer.Exit(0 if output.audit(made, head=head) else 1)
    with (
        options.recorded(batch, ledger, is_read_only=True) as (loaded, book),
        reports.opened(
            loaded.name,
            output.readable_rows(loaded),
            book,
            tests=[test.name for test in loaded.tests],
        ) as opened,
    ):
        form = "html" if as_html else form
        output.report(opened, form=form, target=target, tests=loaded.tests)


def labels(
    batch: BatchFile,
    *,
    target: Annotated[Path | None, typer.Option("--output", "-o", help="A PDF file.")] = None,
    prints: Annotated[
        bool, typer.Option("--print", help="Print them with labels.print of the batch.")
    ] = False,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Only this board: DeviceName, serial number or MAC. Repeatable."),
    ] = None,
    takes_all: Annotated[
        bool, typer.Option("--all", help="All rows, also those without a finished board.")
    ] = False,
    skip: Annotated[
        int, typer.Option(min=0, help="Labels that are missing on the first sheet.")
    ] = 0,
    ledger: LedgerUrl = "",
) -> None:
    """Write the labels of finished boards as PDF, or print them. They hold no secret."""
    from alink_factory.errors import BatchError
    from alink_factory.labels import label, pdf, printer

    if prints == bool(target):
        raise BatchError("name a PDF with --output, or use --print")
    with options.recorded(batch, ledger, is_read_only=not takes_all) as (loaded, book):
        listed = output.readable_rows(loaded)
        template = label.template(loaded, listed or None)
        made = label.of_boards(
            loaded, template, listed, book, names=name or (), takes_all=takes_all
        )
        if target:
            count = pdf.save(made, template, target, skip=skip)
            output.say(f"{target}: {count} labels")
        else:
            count = printer.send(loaded, template, made)
            output.say(f"{count} labels were sent to the printer.")


def entries(
    batch: BatchFile,
    *,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "csv",
    target: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    ledger: LedgerUrl = "",
) -> None:
    """Write every ledger entry of the batch with its hash. It holds no secret."""
    with (
        options.recorded(batch, ledger, is_read_only=True) as (loaded, book),
        book.history(loaded.name) as history,
    ):
        output.entries(history.every(), form=form, target=target)


def deliver(batch: BatchFile, *, ledger: LedgerUrl = "", station: StationName = "") -> None:
    """Send the outcomes that wait to the MES of the batch."""
    from alink_factory.errors import BatchError
    from alink_factory.mes import delivery

    with options.recorded(batch, ledger, station) as (loaded, book):
        waiting = delivery.of(loaded, book)
        if waiting is None:
            raise BatchError(f"{batch}: [mes] is missing: name its url or its program")
        undelivered = delivery.finish(waiting)
    output.say(f"{waiting.delivered} outcomes delivered.")
    output.warnings(undelivered)
    raise typer.Exit(1 if undelivered else 0)
