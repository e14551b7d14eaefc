"""The texts of one label: a template and a row of the report in, a label out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import Formatter

from alink_factory.batch.batch_file import Batch
from alink_factory.batch.label_template import LabelTemplate, column_of, columns_in
from alink_factory.batch.rows import Row
from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger
from alink_factory.report import report as reports
from alink_factory.report.report import ReportRow
from alink_formats import tables

_OF_ROWS = ("batch", "gateway", "sub_products", "counter")  # Columns that the report leaves out.
_EXAMPLE = "0" * 12  # In place of a value that is not known yet.


@dataclass(frozen=True)
class Label:
    """The contents of one label; `name` says in messages whose label it is."""

    name: str
    qr: str
    code128: str
    texts: tuple[str, ...]


def template(batch: Batch, listed: Sequence[Row] | None = None) -> LabelTemplate:
    """Return the template of a batch. Raises BatchError if it has none, or an unknown column.

    `listed` are the rows of the batch, None if they are not known: then any "x-" column is taken.
    """
    made = batch.labels
    if made is None:
        raise BatchError(f"{batch.file}: [labels] is missing: write the size of a label into it")
    tests = [reports.column(test.name) for test in batch.tests]
    known = [*reports.COLUMNS, *_OF_ROWS, *tests]
    if listed is not None:
        known += {name: None for row in listed for name, _ in row.extra}
    errors = [
        f"{batch.file}: {key} names column {column}: {tables.nearest(column, known)}"
        for column, key in made.columns.items()
        if column not in known and (listed is not None or not column.lower().startswith("x-"))
    ]
    if errors:
        raise BatchError(*errors)
    return made


def example(batch: Batch, made: LabelTemplate, row: Row) -> Label:
    """Return the label of a row that no board has yet, with examples for missing values."""
    missing = dict.fromkeys(made.columns, _EXAMPLE)
    known = {name: value for name, value in _cells(batch, row, ReportRow()).items() if value}
    return fill(made, missing | known, name=row.key, secrets=[row.device_secret])


def of_boards(
    batch: Batch,
    made: LabelTemplate,
    listed: Sequence[Row],
    ledger: Ledger,
    *,
    names: Sequence[str] = (),
    takes_all: bool = False,
) -> Iterator[Label]:
    """Yield the labels of finished boards, or of all rows; of `names` only, if there are any.

    `names` are DeviceNames, serial numbers, MACs or keys of rows. Raises BatchError.
    """
    by_key = {row.key: row for row in listed}
    left = set(names)
    with reports.opened(
        batch.name, listed, ledger, tests=[test.name for test in batch.tests]
    ) as report:
        for one in report.rows():
            own = {one.row, one.device_name, one.serial, one.mac} - {""}
            if names and not own & left:
                continue
            if one.state == "refused" or not (takes_all or names or one.state == "done"):
                continue
            left -= own
            yield _of_row(batch, made, one, by_key.get(one.row))
    if left:
        raise BatchError(f"batch {batch.name} has no board {', '.join(sorted(left))}")


def of_board(
    batch: Batch, made: LabelTemplate, row: Row, ledger: Ledger, *, secrets: Iterable[str]
) -> Label:
    """Return the label of the board that has a row. Raises BatchError."""
    tests = [test.name for test in batch.tests]
    with reports.opened(batch.name, [row], ledger, tests=tests) as report:
        (one,) = report.listed()
    return _of_row(batch, made, one, row, secrets=secrets)


def fill(
    made: LabelTemplate, cells: dict[str, object], *, name: str, secrets: Iterable[str] = ()
) -> Label:
    """Return the label with these values by column. Raises BatchError.

    A text line with an empty column is left out. A code with one is a mistake, and so is a value
    that is one of `secrets`.
    """
    shown = {column: str(cells.get(column, "")) for column in made.columns}
    hidden = [secret for secret in secrets if secret]
    for column, value in shown.items():
        if any(secret in value for secret in hidden):
            raise BatchError(f"{name}: column {column} holds a secret: remove it from the label")
    for key, text in (("qr", made.qr), ("code128", made.code128)):
        for column in columns_in(text):
            if not shown[column]:
                raise BatchError(f"{name} has no {column}, which labels.{key} needs")
    lines = [text for text in made.texts if all(shown[one] for one in columns_in(text))]
    texts = tuple(_filled(text, shown) for text in lines)
    return Label(name, _filled(made.qr, shown), _filled(made.code128, shown), texts)


def _of_row(
    batch: Batch,
    made: LabelTemplate,
    one: ReportRow,
    row: Row | None,
    *,
    secrets: Iterable[str] = (),
) -> Label:
    own = [row.device_secret] if row else []
    name = one.device_name or one.row
    return fill(made, _cells(batch, row, one), name=name, secrets=[*own, *secrets])


def _cells(batch: Batch, row: Row | None, one: ReportRow) -> dict[str, object]:
    cells = one.cells | {"batch": batch.name}
    if row is None:
        return cells
    of_row = {
        "device_name": row.device_name,
        "product_key": row.product_key,
        "serial": row.serial,
        "mac": row.mac,
        "kind": row.kind,
        "csv_line": row.csv_line,
        "row": row.key,
        "gateway": row.gateway,
        "sub_products": " ".join(row.sub_products),
        "counter": row.counter,
    }
    of_row |= dict(row.extra)
    return of_row | {name: value for name, value in cells.items() if value}


def _filled(text: str, shown: dict[str, str]) -> str:
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts += [literal, shown[column_of(name)] if name else ""]
    return "".join(parts)
