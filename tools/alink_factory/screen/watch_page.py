"""The page of `watch --serve`: the figures of a batch, which renew themselves in the browser."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alink_factory import language
from alink_factory.screen.watch import Watch


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
            figures=watch.figures(),
            stations=[
                {
                    "name": name,
                    "operator": one.operator,
                    "done": one.done,
                    "failed": one.failed,
                    "last": watch.age(one),
                }
                for name, one in watch.stations()
            ],
            failures=watch.failures(),
            hours=watch.hours(),
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
