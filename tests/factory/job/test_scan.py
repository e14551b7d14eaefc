"""Scanned serial numbers: which row a scan selects, and that nothing is burned without one."""

from __future__ import annotations

import pytest

from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BoardError
from alink_factory.job import job
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome
from tests.factory.workshop import Workshop

SCAN = 'scheme = "scan"'
LISTED = "SerialNumber\n1001\n1002\n"


def order_of(workshop: Workshop, *, rows: str = LISTED, naming: str = SCAN) -> Order:
    plan = workshop.plan(rows=rows, naming=naming, layout="stock")
    return workshop.order(plan, over_repl=True)


def burn(order: Order, *scans: str) -> Outcome:
    for scan in scans:
        order.serials.add(scan)
    return job.burn(order, "tty1", report=lambda _: None)


@pytest.mark.parametrize(
    "rows",
    [LISTED, "DeviceName\nlamp-0001\nlamp-0002\n", "DeviceName,SerialNumber\nlamp-0001,1001\n"],
)
def test_nothing_is_burned_without_its_scan(workshop, repl_board, rows):
    order = order_of(workshop, rows=rows)
    outcome = burn(order)
    assert (outcome.result, outcome.detail) == ("failed", "no serial number was scanned")
    assert repl_board.cert == b""
    assert order.ledger.claims() == []


@pytest.mark.parametrize(
    ("rows", "scan", "name"),
    [
        (LISTED, "1002", "1002"),
        ("DeviceName,SerialNumber\nlamp-0001,1001\nlamp-0002,1002\n", "1002", "lamp-0002"),
        ("DeviceName\nlamp-0001\nlamp-0002\n", "lamp-0002", "lamp-0002"),
    ],
)
@pytest.mark.parametrize("naming", [SCAN, 'scheme = "given"'])
def test_scan_selects_its_row(workshop, repl_board, rows, scan, name, naming):
    if naming != SCAN and rows == LISTED:
        pytest.skip(reason="the scheme given needs DeviceNames")
    outcome = burn(order_of(workshop, rows=rows, naming=naming), scan)
    assert (outcome.result, outcome.device_name) == ("done", name), outcome.detail


def test_retried_board_takes_no_later_scan(workshop, repl_board, monkeypatch):
    order = order_of(workshop)

    def fail(*_: object, **__: object) -> None:
        raise BoardError("identify", "the connection to the board was lost", advice="")

    with monkeypatch.context() as bad_contact:
        bad_contact.setattr(Mpremote, "look", fail)
        assert burn(order).result == "failed"
    # The operator scans the next board while the line tries this one again.
    assert burn(order, "1001").detail == "no serial number was scanned"
    assert order.serials.waiting == ("1001",)
    assert burn(order).device_name == "1001"


def test_unknown_number_is_called_unknown(workshop, repl_board):
    order = order_of(workshop)
    outcome = burn(order, "9999")
    assert outcome.detail == "serial number 9999 is not in the batch lamps"
    assert outcome.is_final
    assert order.ledger.claims() == []


def test_number_of_another_board_is_refused(workshop, repl_board):
    order = order_of(workshop)
    assert burn(order, "1001").result == "done"
    order.serials.forget("tty1")
    repl_board.mac, repl_board.cert = "b" * 12, b""
    outcome = burn(order, "1001")
    assert outcome.detail == "1001 is already on the board a0b765123456 of batch lamps"


def test_progress_has_the_scanned_number(workshop, repl_board):
    order = order_of(workshop)
    order.serials.add("1001")
    seen = set()
    job.burn(order, "tty1", report=lambda progress: seen.add(progress.serial))
    assert seen == {"1001"}


def test_last_scan_can_be_taken_back(workshop):
    serials = order_of(workshop).serials
    serials.add("1001")
    serials.add("1002")
    assert serials.take_back() == "1002"
    assert serials.waiting == ("1001",)
    assert serials.take_back() == "1001"
    assert serials.take_back() == ""
