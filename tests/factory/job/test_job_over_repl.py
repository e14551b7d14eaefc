"""The job through a REPL keeps every promise of the job through esptool."""

from __future__ import annotations

import pytest

from alink_factory.job import job
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome
from alink_formats import identity
from alink_formats.identity import Identity
from tests.factory.repl_board import MAC
from tests.factory.workshop import KEY, Workshop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def order_of(workshop: Workshop, *, rows: str = ROWS, **batch: object) -> Order:
    return workshop.order(workshop.plan(rows=rows, layout="stock", **batch), over_repl=True)


def burn(order: Order) -> Outcome:
    return job.burn(order, "tty1", report=lambda _: None)


def story(order: Order) -> list[str]:
    return [entry.what for entry in order.ledger.entries()]


def test_blank_board_becomes_the_first_row(workshop, repl_board):
    order = order_of(workshop)
    outcome = burn(order)
    assert (outcome.result, outcome.device_name, repl_board.resets) == ("done", "lamp-0001", 1)
    assert identity.decode(repl_board.cert).identity.device_name == "lamp-0001"
    assert story(order) == ["claimed", "imaged", "writing", "written", "verified", "done"]


def test_finished_board_gets_a_corrected_secret(workshop, repl_board):
    assert burn(order_of(workshop)).result == "done"
    (workshop.folder / "product.secret").write_text("Corrected0Secret")
    order = order_of(workshop)
    assert burn(order).result == "done"
    assert identity.decode(repl_board.cert).identity.product_secret == "Corrected0Secret"
    details = [entry.detail for entry in order.ledger.entries() if entry.what == "claimed"]
    assert details == ["", "burned again: the batch was corrected"]
    assert burn(order).result == "already"


def test_failed_correction_keeps_the_row(workshop, repl_board):
    assert burn(order_of(workshop)).result == "done"
    (workshop.folder / "product.secret").write_text("Corrected0Secret")
    repl_board.is_worn = True
    order = order_of(workshop)
    assert burn(order).result == "failed"
    assert order.ledger.release("lamps") == []


def test_last_attempt_asks_for_scrap(workshop, repl_board):
    order = order_of(workshop, more="[line]\nattempts = 2")
    repl_board.is_worn = True
    first, second = burn(order), burn(order)
    assert (first.is_final, second.is_final) == (False, True)
    scrap = f"alink-burn scrap {order.plan.batch.file.name} --mac {MAC} --reason …"
    assert second.advice == f"Put it aside and run `{scrap}`."


@pytest.mark.parametrize("why", ["another identity", "factory layout"])
def test_refusal_is_in_the_ledger(workshop, repl_board, why):
    order = order_of(workshop)
    if why == "factory layout":
        repl_board.labels = ("nvs", "fctry", "vfs")
    else:
        other = Identity(product_key=KEY, product_secret="x", device_name="pump-0815")
        repl_board.cert = identity.encode(other)
    outcome = burn(order)
    assert (outcome.result, outcome.is_final) == ("failed", True)
    (entry,) = order.ledger.entries()
    assert (entry.what, entry.mac, entry.port) == ("refused", MAC, "tty1")
    assert outcome.detail in entry.detail


def test_same_mac_on_two_ports_stops_both(workshop, repl_board):
    order = order_of(workshop)
    order.busy[MAC] = "ttyUSB7"
    outcome = burn(order)
    assert outcome.detail == f"the board on ttyUSB7 has the same MAC {MAC}"
    assert outcome.is_final
    assert order.busy == {MAC: "ttyUSB7"}
    assert repl_board.cert == b""


def test_finished_board_gives_its_serial_number_back(workshop, repl_board):
    naming = 'scheme = "scan"'
    order = workshop.order(workshop.plan(count=2, naming=naming, layout="stock"), over_repl=True)
    order.serials.add("1001")
    assert burn(order).device_name == "1001"
    order.serials.forget("tty1")
    order.serials.add("1002")
    assert burn(order).result == "already"
    assert order.serials.take("tty2") == "1002"


def test_board_without_scanned_number_is_red(workshop, repl_board):
    naming = 'scheme = "scan"'
    plan = workshop.plan(count=2, naming=naming, layout="stock")
    outcome = burn(workshop.order(plan, over_repl=True))
    assert outcome.detail == "no serial number was scanned"


def test_removed_row_of_begun_board_is_reported(workshop, repl_board):
    order = order_of(workshop)
    order.ledger.claim("lamps", order.plan.rows, mac=MAC)
    shorter = workshop.plan(rows="DeviceName\nlamp-0002\n", layout="stock")
    outcome = burn(workshop.order(shorter, order.ledger, over_repl=True))
    assert outcome.is_final
    assert outcome.advice == "Put the row back into the file."


def test_stopped_job_is_not_tried_again(workshop, repl_board):
    order = order_of(workshop)
    repl_board.is_worn = True
    order.stop.set()
    assert burn(order).is_final
