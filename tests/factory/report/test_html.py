"""The report as a page: yield, failures, rate and every board, safe to print."""

from __future__ import annotations

import io
import re
from collections import Counter
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory import language
from alink_factory.batch.board_tests import BoardTest
from alink_factory.cli import app
from alink_factory.ledger import Ledger, Station, measured
from alink_factory.report import html, plots, report, tally
from alink_factory.report.tally import Tally
from tests.factory.workshop import Workshop

ROWS = "DeviceName,SerialNumber\n" + "".join(f"lamp-{n},{n}<b>\n" for n in range(1, 7))
SUPPLY = BoardTest("supply", repl="1", low=3.1, high=3.5, unit="V")
NOW = 1_790_000_000.0


@pytest.fixture
def page(workshop: Workshop) -> tuple[str, str]:
    """The page of a batch with five boards, two of which failed; and the chain's head."""
    clock = iter(NOW + 600 * n for n in range(999))
    where = str(workshop.folder / "ledger.db")
    book = Ledger(where, station=Station("bench-1", "mei & li"), now=lambda: next(clock))
    rows = workshop.plan(rows=ROWS).rows
    for number, row in enumerate(rows[:5]):
        mac = f"a0b76500000{number}"
        claim = book.claim("lamps", [row], mac=mac)
        assert claim
        claim = book.advance(claim, "written")
        volts = "2.9" if number == 3 else f"3.{number + 1}"
        entry = measured.encode("supply", volts, is_good=number != 3)
        book.note_on(claim, measured.WHAT, port="tty1", detail=entry)
        if number == 3:
            limit = "supply is 2.9 V; allowed range is 3.1 to 3.5 V"
            book.fail(claim, step="tested", detail=limit)
            continue
        if number == 4:
            book.fail(claim, step="writing", detail="the connection broke off at 0x1fb000")
            again = book.claim("lamps", [], mac=mac)
            assert again
            claim = again
        book.advance(book.advance(claim, "written"), "done")
    text = io.StringIO()
    with report.opened("lamps", rows, book, tests=["supply"]) as opened:
        total = html.write(opened, text, tests=[SUPPLY], now=NOW)
        head = opened.head
    book.close()
    assert total.states == {"done": 4, "free": 1, "written": 1}
    return text.getvalue(), head


def test_page_shows_yield_failures_and_boards(page):
    text, head = page
    words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    figures = {name: value for value, name in re.findall(r"<b>(.*?)</b>(.*?)</div>", text)}
    assert (figures["boards done"], figures["rows"]) == ("4", "6")
    assert (figures["first-pass yield"], figures["final yield"]) == ("60.0 %", "80.0 %")
    assert "tested: supply" in words
    assert "writing: the connection broke off at …" in words
    assert "1 · 50 %" in words
    assert "allowed range is 3.1 to 3.5 V" in words
    assert "lamp-6" in words
    assert "failed tested: supply is 2.9 V" in words
    assert head in text


def test_failures_are_translated_one_by_one():
    text = "failed tested: a is 2 V; the minimum is 3 V; failed writing: no message; wiped x"
    assert html._failures(text, str) == text
    language.use(language.CHINESE)
    try:
        translated = html._failures(text, language.text)
    finally:
        language.use(language.ENGLISH)
    assert translated == "失败 已测试: a 为 2 V；最小值为 3 V; 失败 写入中: 没有消息; 擦除 x"


def test_values_of_rows_are_escaped(page):
    text, _ = page
    assert escape("6<b>") in text
    assert "6<b>" not in text
    assert "mei &amp; li" in text


def test_page_needs_no_other_file(page):
    text, _ = page
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", text)


def test_long_batch_is_plotted_by_day():
    first = 10_000 * 24
    counted = Tally(hours=Counter({first: 3, first + 5: 2, first + 80: 1}))
    points, name = html._rate(counted, str)
    assert [count for _, count in points] == [5, 0, 0, 1]
    assert (points[0][0], name) == ("1997-05-19", "boards a day")
    points, name = html._rate(Tally(hours=Counter({first: 3, first + 2: 2})), str)
    assert [count for _, count in points] == [3, 0, 2]
    assert (points[0][0], name) == ("19. 00:00", "boards an hour")


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("tested: supply is 2.9 V; the minimum is 3.1 V", "tested: supply"),
        ("tested: rssi: mpremote failed: OSError: 5", "tested: rssi"),
        ("tested: rssi printed 'x', but its limits need a number", "tested: rssi"),
        ("claimed: the board carries a0b765000001", "claimed: the board carries …"),
        ("identify: the chip is esp32c3, not 7", "identify: the chip is esp32c3, not …"),
        ("writing: /dev/ttyUSB0 cannot be opened (5)", "writing: … cannot be opened (…)"),
    ],
)
def test_failures_are_grouped_by_kind(detail, kind):
    assert tally.kind_of(detail) == kind


def test_tally_goes_on_where_it_was(workshop: Workshop):
    book = workshop.ledger()
    rows = workshop.plan(rows=ROWS).rows
    counted = Tally()
    for number in range(2):
        claim = book.claim("lamps", [rows[number]], mac=f"a0b76500000{number}")
        assert claim
        book.advance(claim, "done")
        with book.history("lamps") as history:
            counted.add(history.of_kinds(tally.RELEVANT, after=counted.seq))
    assert (counted.done, counted.tried, counted.first_pass) == (2, 2, 2)
    assert (counted.stations["bench-1"].done, counted.timed) == (2, 2)


def test_wide_names_are_cut_by_their_width():
    assert plots._cut("烧" * 40) == "烧" * 30 + "…"
    assert plots._cut("a" * 60) == "a" * 60


def test_report_html_writes_a_page(workshop: Workshop, tmp_path: Path):
    workshop.ledger().close()
    target = tmp_path / "report.html"
    command = ["report", str(workshop.batch(rows=ROWS)), "--html", "-o", str(target)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert target.read_text("utf-8").startswith("<!doctype html>")
    assert "6 rows: 0 done, 6 free" in done.output
