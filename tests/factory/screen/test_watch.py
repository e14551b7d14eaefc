"""All stations of a batch on one screen, from the ledger alone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from rich.console import Console
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.ledger import Ledger, Station
from alink_factory.screen import watch_text
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


def page(shown: Watch, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(watch_text.once(shown, width))
    return text.getvalue().splitlines()


def test_stations_yield_and_failures_are_shown(books):
    shown = Watch(books[0], "lamps", rows=40, now=lambda: NOW)
    shown.look()
    text = "\n".join(page(shown))
    assert "boards done 12 / 40" in text
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


def test_hours_are_relative_to_the_best_one(books):
    shown = Watch(books[0], "lamps", rows=0, now=lambda: NOW)
    shown.tally.hours.update({int(NOW // 3600): 3, int(NOW // 3600) - 1: 60})
    assert [(one.count, one.part) for one in shown.hours()[-3:]] == [(0, 0), (60, 1), (3, 0.05)]
    assert len(shown.hours()) == 12


def test_share_adds_up_the_more_frequent_kinds(books):
    shown = Watch(books[0], "lamps", rows=40, now=lambda: NOW)
    shown.tally.failures.update({"a": 6, "b": 3, "c": 1})
    assert [(one.name, one.share) for one in shown.failures()] == [
        ("a", 60),
        ("b", 90),
        ("c", 100),
    ]


def test_watch_verb_prints_figures_once(workshop, books):
    batch = str(workshop.batch(rows="DeviceName\nlamp-0001\nlamp-0002\n"))
    done = CliRunner().invoke(app, ["watch", batch, "--json"])
    facts = json.loads(done.output)
    assert (facts["rows"], facts["done"], facts["first_pass"]) == (2, 12, 12)
    once = CliRunner().invoke(app, ["watch", batch, "--once"])
    assert "boards done 12 / 2" in once.output
