"""The output of the verbs: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from alink_factory import language
from alink_factory.errors import BatchError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from alink_factory.batch.batch_file import Batch
    from alink_factory.batch.board_tests import BoardTest
    from alink_factory.batch.rows import Row
    from alink_factory.board.doctor import Finding
    from alink_factory.cloud.register import Registration
    from alink_factory.job.order import Order
    from alink_factory.job.update import UpdateResult
    from alink_factory.job.verify import Check
    from alink_factory.job.wipe import WipedBoard
    from alink_factory.labels.printer import Printer
    from alink_factory.ledger import Claim, Entry
    from alink_factory.ledger.chain import Audit
    from alink_factory.report.overview import Overview
    from alink_factory.report.report import Report, Total
    from alink_factory.screen.log_lines import LogLines
    from alink_factory.screen.one_board import OneBoard
    from alink_factory.screen.watch import Watch


def console() -> Console:
    """Return the terminal."""
    from rich.console import Console

    return Console(highlight=False)


def overview(made: Overview, batch: Path, *, as_json: bool) -> None:
    """Print the overview of a batch."""
    if as_json:
        typer.echo(json.dumps(asdict(made), ensure_ascii=False))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in made.facts.items():
        table.add_row(language.text(name), escape(language.text(fact)))
    left = made.boards - made.done - made.begun
    count = f"{made.boards}: {made.done} done, {made.begun} begun, {left} to go"
    table.add_row(language.text("boards"), language.text(count))
    _draw(table)
    shown = console()
    for clash in made.clashes:
        shown.print(f"[bold grey100 on red3] ! [/] {language.text(clash)}")
    if not made.clashes:
        ready = language.text(f"The batch is ready: {escape(_command('run', batch))}.")
        shown.print(f"[bold grey100 on dark_green] OK [/] {ready}", soft_wrap=True)


def checks(made: Sequence[Check], *, as_json: bool) -> None:
    """Print the checks of a board."""
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in made], ensure_ascii=False))
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")  # A Chinese sentence is one word to Rich.
    for one in made:
        mark = "[green]✓[/]" if one.is_good else "[bold red]✗[/]"
        table.add_row(mark, language.text(one.what), language.text(one.seen))
    _draw(table)


def findings(made: Iterable[Finding], *, as_json: bool) -> bool:
    """Print each finding at once, with advice; return whether all are good."""
    all_good = True
    for one in made:
        all_good = all_good and one.is_good
        if as_json:
            typer.echo(json.dumps(asdict(one), ensure_ascii=False))
            continue
        _draw(_found(one))
        if not one.is_good:
            _draw(_hanging("  →", language.text(one.advice)))
    return all_good


def warnings(sentences: Iterable[str]) -> None:
    """Print sentences to standard error."""
    for sentence in sentences:
        typer.echo(f"alink-burn: {language.text(sentence)}", err=True)


def unprinted(printer: Printer | None, batch: Path) -> None:
    """Say on standard error which labels were not printed."""
    if printer and (names := printer.unprinted):
        again = " ".join(f"--name {shlex.quote(name)}" for name in names)
        command = f"alink-burn labels {shlex.quote(str(batch))} --print {again}"
        warnings([f"{len(names)} labels were not printed; `{command}` prints them"])


def registrations(states: Iterable[Registration], *, as_json: bool) -> bool:
    """Print the progress of each product; return whether the platform has every name."""
    last: dict[str, Registration] = {}
    for state in states:
        last[state.product_key] = state
        if as_json:
            typer.echo(json.dumps(asdict(state), ensure_ascii=False))
        else:
            say(f"{state.product_key}: {state.done} of {state.total} are registered")
    for state in last.values() if not as_json else ():
        there = state.done - state.created
        say(f"{state.product_key}: {state.created} created now, {there} existed already.")
        for name in state.refused:
            say(f"{name} was refused: it may be on another instance, or the quota is used up")
    return not any(state.refused for state in last.values())


def figures(watch: Watch, *, as_json: bool) -> None:
    """Print the figures of all stations once."""
    if as_json:
        typer.echo(json.dumps(watch.facts(), ensure_ascii=False))
        return
    from alink_factory.screen import watch_text

    shown = console()
    shown.print(watch_text.once(watch, shown.width))


def updated(made: UpdateResult, *, as_json: bool) -> None:
    """Print the result of an update."""
    if as_json:
        typer.echo(json.dumps(asdict(made), ensure_ascii=False))
        return
    who = made.device_name or "A board without identity"
    what = f"{made.slot} written" if made.slot in made.written else f"{made.slot} had not changed"
    say(f"{who} ({made.mac}): {what}; identity and files did not change.")
    if made.booted:
        say(f"It booted: {made.booted}.")


def wiped(made: WipedBoard, *, as_json: bool) -> None:
    """Print the identities of a wiped board, and what to do in the cloud."""
    if as_json:
        document = {"mac": made.mac, "owners": made.owners, "is_reset": made.is_reset}
        typer.echo(json.dumps({"event": "wiped"} | document, ensure_ascii=False))
        return
    say(f"The board {made.mac} is blank.")
    for sentence in made.in_the_cloud:
        say(sentence)


@contextmanager
def progress(*, as_json: bool) -> Iterator[OneBoard | LogLines]:
    """Open the display of one board: a live line on a terminal, otherwise text lines."""
    from alink_factory.screen.log_lines import LogLines
    from alink_factory.screen.one_board import OneBoard

    shown = console()
    if as_json or not shown.is_terminal:
        yield LogLines(sys.stdout, as_json=as_json)
        return
    with OneBoard(shown) as board:
        yield board


def ending(order: Order, *, as_json: bool) -> None:
    """Print the end of a line, and the boards that are begun and not done."""
    begun = order.ledger.unfinished(order.plan.batch.name)
    order.taken.update()
    done = order.taken.done
    if as_json:
        document = {"event": "end", "done": done, "rows": len(order.plan.burnable)}
        document |= {"begun": [_claim(claim) for claim in begun]}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    rows, batch = len(order.plan.burnable), order.plan.batch.file
    say(f"{done} of {rows} boards are done.")
    _begun(begun)
    if done < rows:
        say(f"Continue with {_command('run', batch)}.")
    else:
        say(f"The batch is complete. {_command('report', batch)} writes its report.")


def resumed(
    released: Sequence[Claim], begun: Sequence[Claim], batch: Path, *, as_json: bool
) -> None:
    """Print the result of `resume`."""
    if as_json:
        document = {
            "released": [_claim(claim) for claim in released],
            "begun": [_claim(claim) for claim in begun],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    names = ", ".join(claim.device_name for claim in released)
    say(f"Freed, because their boards were not written: {names or 'none'}.")
    _begun(begun)
    if not begun:
        say(f"No board is half burned. Continue with {_command('run', batch)}.")


def readable_rows(batch: Batch) -> tuple[Row, ...]:
    """Return the rows of a batch; if they cannot be read, say so and return none."""
    from alink_factory.batch import rows

    try:
        return rows.read(batch)
    except BatchError as error:
        warnings([f"{error}: the report has only boards of the ledger"])
        return ()


def report(
    made: Report, *, form: str, target: Path | None, tests: Sequence[BoardTest] = ()
) -> None:
    """Write a report to a file or to standard output. Raises BatchError."""
    from alink_factory.report import html

    writers: dict[str, Callable[[TextIO], Total]] = {
        "csv": made.write_csv,
        "json": made.write_json,
        "html": partial(
            html.write,
            made,
            tests=tests,
            translate=language.text,
            language=language.chosen().replace("_", "-"),
            now=time.time(),
        ),
    }
    if form not in writers:
        raise BatchError(f"--format {form}: use csv, json or html")
    write = writers[form]
    with _written(target, is_csv=form == "csv") as stream:
        total = write(stream)
    if target:
        shown = ", ".join(f"{n} {language.text(state)}" for state, n in total.states.items())
        say(f"{target}: {total.rows} rows: {shown}")
        say(f"The head of the ledger's chain is {made.head or 'empty'}.")


def entries(listed: Iterable[Entry], *, form: str, target: Path | None) -> None:
    """Write entries to a file or to standard output. Raises BatchError."""
    from alink_factory.report import entries as writer

    if form not in writer.FORMATS:
        raise BatchError(f"--format {form}: use {' or '.join(writer.FORMATS)}")
    with _written(target, is_csv=form == "csv") as stream:
        count = writer.write(listed, stream, form=form)
    if target:
        say(f"{target}: {count} entries")


def audit(made: Audit, *, head: str) -> bool:
    """Print the result of an audit; return whether the chain is whole and has the head."""
    if broken := made.broken:
        at = datetime.fromtimestamp(broken.at, UTC).isoformat(" ", "seconds")
        who = f"{broken.what} {broken.device_name or broken.mac}".strip()
        say(
            f"The chain is broken at entry {broken.seq} ({at}, {who}): it was changed, or an "
            "entry before it was inserted or removed."
        )
        return False
    if head and not made.known:
        say(
            f"The chain of {made.entries} entries is whole, but none has the hash {head}: "
            "entries were cut off at its end, or this is another ledger."
        )
        return False
    say(f"The chain of {made.entries} entries is whole, its head {made.head or 'empty'}.")
    if head:
        say(f"The hash {head} is that of entry {made.known}.")
    return True


@contextmanager
def _written(target: Path | None, *, is_csv: bool) -> Iterator[TextIO]:
    # The file to write, or standard output.
    if target is None:
        yield sys.stdout
        return
    try:
        # Excel reads a CSV as UTF-8 only with a byte order mark.
        encoding = "utf-8-sig" if is_csv else "utf-8"
        with target.open("w", encoding=encoding, newline="") as stream:
            yield stream
    except OSError as error:
        raise BatchError(f"{target}: {error.strerror}") from error


def say(text: str, *, err: bool = False) -> None:
    """Print a text in the operator's language."""
    typer.echo(language.text(text), err=err)


def _found(one: Finding) -> Table:
    from rich.text import Text

    mark = Text("✓", "green") if one.is_good else Text("✗", "bold red")
    return _hanging(mark, Text(f"{language.text(one.what)} ", "bold"), language.text(one.seen))


def _hanging(*cells: Text | str) -> Table:
    # One row; wrapped text continues below its first word.
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    for _ in cells:
        table.add_column(overflow="fold")
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return table


def _draw(table: Table) -> None:
    # Rich pads the last column with blanks, which a pipe or a file would keep.
    shown = console()
    with shown.capture() as drawn:
        shown.print(table)
    for line in drawn.get().splitlines():
        typer.echo(line.rstrip())


def _command(verb: str, batch: Path) -> str:
    return f"`alink-burn {verb} {shlex.quote(str(batch))}`"


def _begun(begun: Sequence[Claim]) -> None:
    for claim in begun:
        say(
            f"{claim.device_name} was begun on the board {claim.mac} ({claim.state}): "
            "plug it in again, or scrap it."
        )


def _claim(claim: Claim) -> dict[str, str]:
    return {"device_name": claim.device_name, "mac": claim.mac, "state": claim.state}
