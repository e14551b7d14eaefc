"""`[labels]` of a batch: the size of a label, its codes and texts, and how it is printed.

A text holds columns of the report in braces, as in "SN {serial}". A column with a secret is
refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import Field

from alink_factory.batch import board_tests
from alink_factory.batch.columns import COLUMNS
from alink_factory.errors import BatchError
from alink_formats import tables
from alink_formats.tables import Table

_SHEETS = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
_SECRET = re.compile(r"secret|password|token|密钥|密码", re.IGNORECASE)


class LabelTable(Table):
    """`[labels]` as it is written; lengths are in mm."""

    size: list[float]
    qr: str = ""
    code128: str = ""
    text: list[str] = Field(default_factory=lambda: ["{device_name}"])
    sheet: str | list[float] = ""
    margin: list[float] = Field(default_factory=lambda: [0.0, 0.0])
    gap: list[float] = Field(default_factory=lambda: [0.0, 0.0])
    dpi: Annotated[int, tables.within(0, 2400)] = 0
    font: str = ""
    print: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class LabelTemplate:
    """The contents of a label and the paper it is on; lengths are in mm.

    `texts` are text lines; `qr` and `code128` are the contents of the codes, "" without one.
    `sheet` is None for a label printer, whose page is one label. `margin` is at the left and top
    of a sheet, `gap` between labels. `dpi` is the printer's resolution, 0 if unknown. `font` is a
    TrueType file to embed. `command` prints the file `{file}`, () if labels are not printed.
    """

    size: tuple[float, float]
    qr: str
    code128: str
    texts: tuple[str, ...]
    sheet: tuple[float, float] | None
    margin: tuple[float, float]
    gap: tuple[float, float]
    dpi: int
    font: Path | None
    command: tuple[str, ...]

    @property
    def grid(self) -> tuple[int, int]:
        """The numbers of labels beside and below each other on a page."""
        if self.sheet is None:
            return 1, 1
        lengths = zip(self.sheet, self.size, self.margin, self.gap, strict=True)
        across, down = (
            int((paper - margin + gap + 0.01) // (label + gap))
            for paper, label, margin, gap in lengths
        )
        return across, down

    @property
    def columns(self) -> dict[str, str]:
        """The columns that the label shows, each with the key that names it first."""
        named = {"qr": [self.qr], "code128": [self.code128], "text": self.texts}
        found: dict[str, str] = {}
        for key, texts in named.items():
            for text in texts:
                for column in columns_in(text):
                    found.setdefault(column, f"labels.{key}")
        return found


def from_table(table: LabelTable, folder: Path) -> LabelTemplate:
    """Return the template of a batch in `folder`. Raises BatchError with every mistake."""
    made = LabelTemplate(
        size=_pair("size", table.size, least=5.0),
        qr=table.qr,
        code128=table.code128,
        texts=tuple(table.text),
        sheet=_sheet(table.sheet),
        margin=_pair("margin", table.margin),
        gap=_pair("gap", table.gap),
        dpi=table.dpi,
        font=folder / Path(table.font).expanduser() if table.font else None,
        command=tuple(table.print),
    )
    errors = [
        f"{key} names column {column}: a label never shows a secret; remove it"
        for column, key in made.columns.items()
        if _SECRET.search(column)
    ]
    if not min(made.grid):
        errors.append("labels.size does not fit labels.sheet: correct one of them")
    if made.command and made.sheet:
        errors.append("labels.print prints single labels: remove labels.sheet or labels.print")
    if errors:
        raise BatchError(*errors)
    return made


def columns_in(text: str) -> Iterator[str]:
    """Yield the columns that a text names, as the report writes them. Raises BatchError.

    Names of a CSV's header are understood too: `{DeviceName}`, `{SN}`.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise BatchError(f"labels: {text!r}: {error}") from error
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion or not name:
            raise BatchError(f"labels: {text!r}: write only a column between braces")
        yield column_of(name)


def column_of(name: str) -> str:
    """Return the column of the report that a name in a template means."""
    return COLUMNS.get(re.sub(r"[\s_]", "", name).lower(), name)


def unusable(template: LabelTemplate | None, folder: Path) -> list[str]:
    """Return a sentence for the font or the program of a template that cannot be used."""
    wrong: list[str] = []
    if template is None:
        return wrong
    if template.font and not template.font.is_file():
        wrong.append(f"labels.font: {template.font} was not found")
    if template.command and board_tests.executable(template.command[0], folder) is None:
        wrong.append(f"labels.print: the program {template.command[0]} was not found")
    return wrong


def _sheet(value: str | list[float]) -> tuple[float, float] | None:
    if not value:
        return None
    if isinstance(value, str):
        if value not in _SHEETS:
            known = " or ".join(_SHEETS)
            raise BatchError(f"labels.sheet is {value!r}; use {known}, or [width, height] in mm")
        return _SHEETS[value]
    return _pair("sheet", value, least=5.0)


def _pair(key: str, value: list[float], *, least: float = 0.0) -> tuple[float, float]:
    if len(value) != 2 or not all(least <= one <= 2000 for one in value):
        raise BatchError(f"labels.{key} is {value}; write two lengths in mm, {least:g} to 2000")
    return float(value[0]), float(value[1])
