"""All stations of a batch on one screen, from the ledger alone."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from alink_factory import language
from alink_factory.cli import app
from alink_factory.ledger import Ledger, Station
from alink_factory.screen import watch
from alink_factory.screen.watch import Watch
from tests.factory.workshop import KEY, Workshop

NOW = 1_790_000_100.0  # 100 s after an hour begins.


class Candidate:
    product_key = KEY

    def __init__(self, number: int) -> None:
        self.key = self.device_name = f"lamp-{number:04d}"


def burn(book: Ledger, number: int, *, failure: str = "") -> None:
    claim = book.claim("lamps", [Candidate(number)], mac=f"{number:012x}")
    assert claim
    if failure:
        book.fail(book.advance(claim, "written"), step="tested", detail=failure)
    else:
        book.advance(claim, "done")


@pytest.fixture
def books(workshop: Workshop) -> Iterator[list[Ledger]]:
    """The ledgers of two stations, whose clocks stand 50 s and 30 min before NOW."""
    where = str(workshop.folder / "ledger.db")
    made = [
        Ledger(where, station=Station("bench-1", "mei"), now=lambda: NOW - 50),
        Ledger(where, station=Station("工位-2", "李雷"), now=lambda: NOW - 1800),
    ]
    for number in range(12):
        burn(made[number % 2], number)
    for number in range(12, 15):
        burn(made[0], number, failure="supply is 2.9 V; the minimum is 3 V")
    yield made
    for book in made:
        book.close()


def page(shown: Watch, width: int = 80, height: int = 24) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, height=height).print(shown)
    return text.getvalue().splitlines()


def test_stations_yield_and_failures_are_shown(books):
    shown = Watch(books[0], "lamps", rows=40, now=lambda: NOW)
    shown.look()
    text = "\n".join(page(shown))
    assert "12 of 40 done" in text
    assert "first-pass yield 80.0 %" in text
    assert "bench-1" in text
    assert "50 s ago" in text
    assert "30 min ago" in text
    assert "tested: supply" in text
    assert shown.facts()["stations"] == {
        "bench-1": {"done": 6, "failed": 3, "operator": "mei"},
        "工位-2": {"done": 6, "failed": 0, "operator": "李雷"},
    }


def test_new_boards_appear_with_the_next_look(books):
    shown = Watch(books[1], "lamps", rows=40, now=lambda: NOW)
    shown.look()
    burn(books[0], 20)
    shown.look()
    assert shown.tally.done == 13


def test_last_hour_counts_the_hour_before_in_part(books):
    shown = Watch(books[0], "lamps", rows=0, now=lambda: NOW)
    shown.tally.hours.update({int(NOW // 3600): 3, int(NOW // 3600) - 1: 60})
    left = 1 - NOW % 3600 / 3600
    assert shown.facts()["an_hour"] == round(3 + left * 60)


@pytest.mark.parametrize("chosen", [language.ENGLISH, language.CHINESE])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (80, 12)])
def test_watch_fits_the_screen(books, chosen, size):
    shown = Watch(books[0], "lamps", rows=40, now=lambda: NOW)
    shown.look()
    long = "很长" * 60
    shown.tally.failures.update({f"writing: failure {one} {long}": 1 for one in "abcdefghijkl"})
    language.use(chosen)
    try:
        lines = page(shown, *size)
    finally:
        language.use(language.ENGLISH)
    assert len(lines) <= size[1]
    assert max(map(cell_len, lines)) <= size[0]


def test_watch_ends_when_it_is_stopped(books):
    stop = threading.Event()
    stop.set()
    watch.run(Watch(books[0], "lamps", rows=1), Console(file=io.StringIO()), stop=stop)


def test_watch_verb_prints_figures_once(workshop, books):
    batch = str(workshop.batch(rows="DeviceName\nlamp-0001\nlamp-0002\n"))
    done = CliRunner().invoke(app, ["watch", batch, "--json"])
    facts = json.loads(done.output)
    assert (facts["rows"], facts["done"], facts["first_pass"]) == (2, 12, 12)
    once = CliRunner().invoke(app, ["watch", batch, "--once"])
    assert "12 of 2 done" in once.output
