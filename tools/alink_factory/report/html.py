"""The report as one HTML page that prints well: yield, failures, rate, tests, every board."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alink_factory.batch.board_tests import BoardTest
from alink_factory.ledger import Entry, measured
from alink_factory.report import plots, tally
from alink_factory.report.report import Report, ReportRow, Total
from alink_factory.report.tally import Tally

_MOST_COLUMNS = 60  # Of the plot over time; more hours become days.
_HOUR = 3600
_EACH = re.compile(r"(?:^|; )(?=(?:failed|scrapped|wiped|refused) )")  # Of `failures`.


@dataclass
class _Values:
    # The values of one test.
    count: int = 0
    bad: int = 0
    numbers: list[float] = field(default_factory=list)


def write(
    report: Report,
    stream: TextIO,
    *,
    tests: Sequence[BoardTest],
    translate: Callable[[str], str] = str,
    language: str = "en",
    now: float,
) -> Total:
    """Write the page; `now` is seconds since 1970. Returns how many rows it has."""
    total, counted = Total(), Tally()
    counted.add(report.entries(tally.RELEVANT))
    measurements = _measured(report.entries((measured.WHAT,)))
    rate, bin_name = _rate(counted, translate)
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    ).get_template("page.html")
    failures = [(tally.shown_kind(kind, translate), count) for kind, count in counted.pareto()]
    names = [test.name for test in tests]
    parts = page.generate(
        t=translate,
        language=language,
        batch=report.batch,
        at=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M"),
        stations=", ".join(
            f"{name} ({one.operator}): {one.done}" for name, one in counted.stations.items()
        ),
        figures=_figures(counted, report, translate),
        pareto=failures and plots.bars(failures, label=translate("Failures by kind")),
        rate=rate and plots.columns(rate, label=translate("Finished boards over time")),
        bin=bin_name,
        tests=[
            _test(test, measurements[test.name], translate)
            for test in tests
            if test.name in measurements
        ],
        test_columns=[
            translate(name)
            for name in ("Test", "Limits", "Values", "Bad", "Least", "Mean", "Most", "Spread")
        ],
        columns=[
            translate(name)
            for name in ("State", "DeviceName", "Serial number", "MAC", "Attempts", "Station")
        ]
        + [translate("Operator"), translate("Time (UTC)"), *names, translate("Failures")],
        rows=_rows(report, total, names, translate),
        head=report.head,
    )
    stream.writelines(parts)
    return total


def _figures(
    counted: Tally, report: Report, translate: Callable[[str], str]
) -> list[tuple[str, str]]:
    found = [
        (translate("rows"), str(report.burnable)),
        (translate("boards done"), f"{counted.done}"),
    ]
    if counted.tried:
        share = 100 * counted.first_pass / counted.tried
        found += [
            (translate("first-pass yield"), f"{share:.1f} %"),
            (translate("final yield"), f"{100 * counted.done / counted.tried:.1f} %"),
        ]
    if counted.timed:
        found.append((translate("seconds a board"), f"{counted.seconds_a_board:.1f}"))
    if counted.scrapped:
        found.append((translate("boards scrapped"), str(counted.scrapped)))
    return found


def _rate(counted: Tally, translate: Callable[[str], str]) -> tuple[list[tuple[str, int]], str]:
    # Finished boards by hour, or by day if the batch took long.
    if not counted.hours:
        return [], ""
    first, last = min(counted.hours), max(counted.hours)
    if last - first < _MOST_COLUMNS:
        return [
            (_time(hour, "%d. %H:00"), counted.hours[hour]) for hour in range(first, last + 1)
        ], translate("boards an hour")
    days: dict[int, int] = dict.fromkeys(range(first // 24, last // 24 + 1), 0)
    for hour, count in counted.hours.items():
        days[hour // 24] += count
    return [(_time(day * 24, "%Y-%m-%d"), count) for day, count in days.items()], translate(
        "boards a day"
    )


def _time(hour: int, form: str) -> str:
    return datetime.fromtimestamp(hour * _HOUR, UTC).strftime(form)


def _measured(entries: Iterator[Entry]) -> dict[str, _Values]:
    found: dict[str, _Values] = {}
    for entry in entries:
        name, text, is_good = measured.facts_of(entry.detail)
        values = found.setdefault(name, _Values())
        values.count += 1
        values.bad += not is_good
        try:
            values.numbers.append(float(text))
        except ValueError:
            continue
    return found


def _test(test: BoardTest, values: _Values, translate: Callable[[str], str]) -> dict[str, Any]:
    numbers = values.numbers
    made: dict[str, Any] = {
        "name": f"{test.name} [{test.unit}]" if test.unit else test.name,
        "limits": translate(test.limits),
        "count": values.count,
        "bad": values.bad,
        "least": "",
        "mean": "",
        "most": "",
        "plot": "",
    }
    if numbers:
        made |= {
            "least": f"{min(numbers):g}",
            "mean": f"{statistics.fmean(numbers):.4g}",
            "most": f"{max(numbers):g}",
            "plot": plots.values(numbers, test.low, test.high, label=test.name),
        }
    return made


def _rows(
    report: Report, total: Total, tests: Sequence[str], translate: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    for row in report.rows():
        total.count(row)
        yield {
            "state": translate(row.state),
            "style": _style(row),
            "cells": [
                row.device_name,
                row.serial,
                row.mac,
                row.attempts or "",
                row.station,
                row.operator,
                row.at.removesuffix("+00:00").replace("T", " "),
                *(row.tests.get(name, "") for name in tests),
                _failures(row.failures, translate),
            ],
        }


def _failures(text: str, translate: Callable[[str], str]) -> str:
    found = []
    for one in filter(None, _EACH.split(text)):
        what, _, rest = one.partition(" ")
        found.append(f"{translate(what)} {tally.shown_kind(rest, translate)}".rstrip())
    return "; ".join(found)


def _style(row: ReportRow) -> str:
    return {"done": "done", "free": "free"}.get(row.state, "bad")
