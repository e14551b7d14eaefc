"""The report: every row and every board, with all that the ledger knows of them."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.job import job
from alink_factory.ledger import Ledger, Station
from alink_factory.report import report
from alink_factory.report.report import ReportRow, Total
from tests.factory.filling import fill
from tests.factory.workshop import KEY, Workshop

ROWS = "DeviceName,SerialNumber,x-box\nlamp-0001,77,A\nlamp-0002,78,B\n"
MAC = "a0b765123456"


def made(workshop: Workshop, ledger: Ledger, rows: str = ROWS) -> list[ReportRow]:
    with report.opened("lamps", workshop.plan(rows=rows).rows, ledger) as opened:
        return list(opened.rows())


@pytest.fixture
def ledger(workshop: Workshop) -> Ledger:
    """A ledger in which the first row is burned."""
    book = workshop.ledger()
    claim = book.claim("lamps", workshop.plan(rows=ROWS).rows, mac=MAC, port="tty1")
    assert claim
    detail = "firmware 0123456789abcdef; alink-burn 1.0, esptool 5.1"
    for state, text in (("imaged", detail), ("booted", "lamp-0001, SDK 1.0"), ("done", "")):
        claim = book.advance(claim, state, port="tty1", detail=text)
    return book


def test_registered_names_are_marked(workshop, ledger):
    ledger.note("registered", batch="lamps", product_key=KEY, device_name="lamp-0001")
    assert [row.registered for row in made(workshop, ledger)] == [True, False]


def test_row_with_device_secret_is_registered(workshop, ledger):
    rows = "DeviceName,DeviceSecret\nlamp-0001,\nlamp-0002,own0secret\n"
    assert [row.registered for row in made(workshop, ledger, rows)] == [False, True]


def test_board_keeps_port_firmware_tools_and_boot(workshop, ledger):
    first = made(workshop, ledger)[0]
    assert (first.port, first.firmware) == ("tty1", "0123456789abcdef")
    assert (first.tools, first.boot) == ("alink-burn 1.0, esptool 5.1", "lamp-0001, SDK 1.0")


def test_columns_of_the_user_are_kept(workshop, ledger):
    text = io.StringIO()
    with report.opened("lamps", workshop.plan(rows=ROWS).rows, ledger) as opened:
        opened.write_csv(text)
    rows = list(csv.DictReader(text.getvalue().splitlines()))
    assert [(row["device_name"], row["x-box"]) for row in rows] == [
        ("lamp-0001", "A"), ("lamp-0002", "B"),
    ]  # fmt: skip


def test_board_of_removed_row_stays_in_report(workshop, ledger):
    seen = made(workshop, ledger, "DeviceName\nlamp-0002\n")
    assert [(row.device_name, row.state, row.csv_line) for row in seen] == [
        ("lamp-0002", "free", 2), ("lamp-0001", "done", 0),
    ]  # fmt: skip
    total = Total()
    for row in seen:
        total.count(row)
    assert total.states == {"done": 0, "free": 1, "removed": 1}


def refused(seen: list[ReportRow]) -> list[ReportRow]:
    return [row for row in seen if row.state == "refused"]


def test_refused_boards_are_in_report(workshop, ledger):
    for _ in range(2):
        ledger.note("refused", batch="lamps", mac="b" * 12, port="tty2", detail="wrong chip")
    (row,) = refused(made(workshop, ledger))
    assert (row.mac, row.port, row.attempts) == ("b" * 12, "tty2", 2)
    assert row.failures == "refused wrong chip; refused wrong chip"


def test_board_burned_after_refusal_is_not_refused(workshop, ledger):
    ledger.note("refused", batch="lamps", mac=MAC, detail="no serial number was scanned")
    assert refused(made(workshop, ledger)) == []


def test_job_records_the_versions_of_its_tools(workshop, repl_board):
    plan = workshop.plan(rows=ROWS, layout="stock")
    order = workshop.order(plan, over_repl=True)
    assert job.burn(order, "tty1", report=lambda _: None).result == "done"
    with report.opened("lamps", plan.rows, order.ledger) as opened:
        first = next(opened.rows())
    assert first.firmware == "none"
    assert first.tools.startswith("alink-burn ")
    assert ", mpremote 1." in first.tools


def test_csv_file_has_byte_order_mark_for_excel(workshop, ledger, tmp_path: Path):
    target = tmp_path / "report.csv"
    command = ["report", str(workshop.batch(rows=ROWS)), "-o", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfcsv_line,row,")


def peak(workshop: Workshop, boards: int) -> int:
    """Return the peak memory in bytes while a report of this many boards is written."""
    where = str(workshop.folder / f"{boards}.db")
    names = [f"lamp-{number:06d}" for number in range(boards)]
    fill(where, batch="lamps", product_key=KEY, names=names)
    plan = workshop.plan(rows="\n".join(["DeviceName", *names]))
    book = Ledger(where, station=Station("b", "mei"))
    tracemalloc.start()
    with report.opened("lamps", plan.rows, book) as opened, Path(os.devnull).open("w") as nowhere:
        assert opened.write_csv(nowhere).states == {"done": boards, "free": 0}
        most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    book.close()
    return most


def test_memory_of_report_does_not_grow(workshop):
    peak(workshop, 10)  # Imports and caches.
    assert peak(workshop, 4000) < 1.5 * peak(workshop, 1000)
