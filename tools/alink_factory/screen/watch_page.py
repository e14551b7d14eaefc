"""The page of `watch --serve`: the figures of a batch, which renew themselves in the browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alink_factory import language
from alink_factory.report import tally
from alink_factory.screen.watch import Watch

_HOUR = 3600
_HOURS = 12  # Columns of boards an hour.
_HIGHEST = 90  # Pixels of the highest column.


def page(watch: Watch) -> str:
    """Return the whole page."""
    return _filled("watch.html", watch)


def now(watch: Watch) -> str:
    """Return the part that the browser asks for again and again."""
    return _filled("watch_now.html", watch)


def _filled(name: str, watch: Watch) -> str:
    return (
        _templates()
        .get_template(name)
        .render(
            t=language.text,
            language=language.chosen().replace("_", "-"),
            batch=watch.batch,
            at=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(watch.now())),
            figures=list(_figures(watch)),
            stations=[
                {
                    "name": name,
                    "operator": one.operator,
                    "done": one.done,
                    "failed": one.failed,
                    "last": watch.age(one),
                }
                for name, one in sorted(watch.tally.stations.items())
            ],
            failures=list(_failures(watch)),
            hours=list(_hours(watch)),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def _figures(watch: Watch) -> Iterator[tuple[str, str]]:
    facts = watch.facts()
    of = f" / {watch.rows}" if watch.rows else ""
    yield language.text("boards done"), f"{facts['done']}{of}"
    if watch.tally.tried:
        share = 100 * watch.tally.first_pass / watch.tally.tried
        yield language.text("first-pass yield"), f"{share:.1f} %"
    yield language.text("boards an hour"), str(facts["an_hour"])
    yield language.text("seconds a board"), str(facts["seconds_a_board"])


def _failures(watch: Watch) -> Iterator[dict[str, Any]]:
    kinds = watch.tally.pareto()
    total = sum(watch.tally.failures.values())
    sums = accumulate(count for _, count in kinds)
    for (kind, count), sum_so_far in zip(kinds, sums, strict=True):
        yield {
            "count": count,
            "kind": tally.shown_kind(kind, language.text),
            "share": round(100 * sum_so_far / total),
            "width": round(100 * count / kinds[0][1]),
        }


def _hours(watch: Watch) -> Iterator[dict[str, Any]]:
    last = int(watch.now() // _HOUR)
    counts = {hour: watch.tally.hours[hour] for hour in range(last - _HOURS + 1, last + 1)}
    most = max(counts.values()) or 1
    for hour, count in counts.items():
        name = time.strftime("%H", time.localtime(hour * _HOUR))
        yield {"name": name, "count": count, "height": round(_HIGHEST * count / most)}
