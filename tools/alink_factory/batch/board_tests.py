"""Tests of a burned board: what runs, and which values are good. They are `[[tests]]` of a batch.

A test is a MicroPython file or a text line that runs on the board, a program of this computer, or
the boot check. Its value is the last text line that it prints.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from alink_factory.errors import BatchError
from alink_formats import tables
from alink_formats.tables import Table

_NAME = r"[A-Za-z0-9._-]{1,32}"


class TestTable(Table):
    """One `[[tests]]` table as it is written."""

    name: Annotated[str, tables.matching(_NAME, "1 to 32 letters, digits and . _ -")]
    file: str = ""
    repl: str = ""
    program: list[str] = Field(default_factory=list)
    boot: bool = False
    min: float | None = None
    max: float | None = None
    equals: str | float | None = None
    unit: str = ""
    retries: Annotated[int, tables.within(0, 99)] = 0
    timeout: Annotated[float, tables.within(1, 3600)] = 30.0


@dataclass(frozen=True)
class BoardTest:
    """One test. Exactly one of `file`, `repl`, `program` and `is_boot` is set.

    A value is good from `low` to `high`, or if it is `equals`; without limits, if the test ends
    without an error. `retries` are the further attempts after a bad value, `timeout` is in
    seconds for one attempt.
    """

    name: str
    file: Path | None = None
    repl: str = ""
    program: tuple[str, ...] = ()
    is_boot: bool = False
    low: float | None = None
    high: float | None = None
    equals: str | float | None = None
    unit: str = ""
    retries: int = 0
    timeout: float = 30.0

    @property
    def limits(self) -> str:
        """The limits in words, "" if every value is good."""
        unit = f" {self.unit}" if self.unit else ""
        if self.equals is not None:
            return f"it must be {_shown(self.equals)}{unit}"
        if self.low is not None and self.high is not None:
            return f"allowed range is {_shown(self.low)} to {_shown(self.high)}{unit}"
        if self.low is not None:
            return f"the minimum is {_shown(self.low)}{unit}"
        return f"the maximum is {_shown(self.high)}{unit}" if self.high is not None else ""

    def mistake(self, value: str) -> str:
        """Return a sentence about a bad value with its limit, "" for a good one."""
        is_number = self.low is not None or self.high is not None
        if isinstance(self.equals, str):
            is_good = value == self.equals
        elif is_number or self.equals is not None:
            try:
                number = float(value)
            except ValueError:
                printed = f"printed {value[:60]!r}" if value else "printed nothing"
                return f"{self.name} {printed}, but its limits need a number"
            low = float("-inf") if self.low is None else self.low
            high = float("inf") if self.high is None else self.high
            is_good = low <= number <= high if is_number else number == self.equals
        else:
            return ""
        shown = f"{value[:60] or 'empty'} {self.unit}".rstrip()
        return "" if is_good else f"{self.name} is {shown}; {self.limits}"


BOOT = BoardTest("boot", is_boot=True)  # The boot check of a batch that does not list it.


def from_tables(listed: Iterable[TestTable], folder: Path) -> tuple[BoardTest, ...]:
    """Return the tests of a batch in `folder`. Raises BatchError with every mistake."""
    made: dict[str, BoardTest] = {}
    errors = []
    for one in listed:
        kinds = (one.file, one.repl, one.program, one.boot)
        has_range = one.min is not None or one.max is not None
        if sum(map(bool, kinds)) != 1:
            errors.append(f"tests.{one.name}: write one of file, repl, program and boot")
        if has_range and one.equals is not None:
            errors.append(f"tests.{one.name} has equals and min or max: keep one of them")
        if one.boot and (has_range or one.equals is not None):
            errors.append(f"tests.{one.name}: the boot check has its own limits: remove them")
        if one.min is not None and one.max is not None and one.min > one.max:
            errors.append(f"tests.{one.name}: min is {one.min:g}, above max, {one.max:g}")
        if one.name in made:
            errors.append(f"tests has {one.name} twice: rename one")
        made[one.name] = BoardTest(
            name=one.name,
            file=folder / Path(one.file).expanduser() if one.file else None,
            repl=one.repl,
            program=tuple(one.program),
            is_boot=one.boot,
            low=one.min,
            high=one.max,
            equals=one.equals,
            unit=one.unit,
            retries=one.retries,
            timeout=float(one.timeout),
        )
    if errors:
        raise BatchError(*errors)
    return tuple(made.values())


def unusable(listed: Sequence[BoardTest], folder: Path) -> list[str]:
    """Return a sentence for each test whose file or program cannot be used."""
    wrong = []
    for test in listed:
        if test.program and executable(test.program[0], folder) is None:
            wrong.append(f"tests.{test.name}: the program {test.program[0]} was not found")
        try:
            ast.parse(script(test))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            wrong.append(f"tests.{test.name}: {test.file}: {reason}")
        except (SyntaxError, ValueError) as error:
            wrong.append(f"tests.{test.name}: {error}")
    return wrong


def script(test: BoardTest) -> str:
    """Return the text of a test that runs on the board, "" for another test."""
    return test.file.read_text(encoding="utf-8-sig") if test.file else test.repl


def executable(name: str, folder: Path) -> str | None:
    """Return the path of a program: a file of the batch's folder, or one on PATH, or None."""
    beside = folder / name
    return str(beside.resolve()) if beside.is_file() else shutil.which(name)


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
