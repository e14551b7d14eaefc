"""Tests of burned boards: values, limits, retries, and what the ledger keeps of them."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from alink_factory.batch import batch_file, board_tests
from alink_factory.batch.board_tests import BoardTest
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BatchError, BoardError
from alink_factory.job import job
from alink_factory.job.bench import Bench
from alink_factory.job.order import BootCheck, Order
from alink_factory.job.progress import Outcome
from alink_factory.report import overview, report
from alink_formats.identity import Identity
from tests.factory.repl_board import MAC
from tests.factory.workshop import Workshop

ROWS = "DeviceName,SerialNumber\nlamp-0001,77\nlamp-0002,78\n"
PYTHON = sys.executable
WHO = Identity(product_key="a1B2c3D4e5F", device_name="lamp-0001")


class Interpreter:
    """Runs scripts of tests as the board would: prints `values` in turn, or raises them."""

    def __init__(self, *values: str | Exception) -> None:
        self.values = list(values)
        self.scripts: list[str] = []

    def run(self, _step: str, text: str, *, timeout: float = math.inf) -> list[str]:
        self.scripts.append(text)
        value = self.values.pop(0)
        if isinstance(value, Exception):
            raise value
        return ["a line before it", value]


def order_of(workshop: Workshop, tests: str, boot_check: BootCheck | None = None) -> Order:
    plan = workshop.plan(rows=ROWS, layout="stock", more=tests)
    return workshop.order(plan, over_repl=True, boot_check=boot_check)


def burn(order: Order) -> Outcome:
    return job.burn(order, "tty1", report=lambda _: None)


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    made = Interpreter()
    monkeypatch.setattr(Mpremote, "run", lambda _, *a, **k: made.run(*a, **k))
    return made


SUPPLY = '[[tests]]\nname = "supply"\nrepl = "print(adc())"\nmin = 3.1\nmax = 3.5\nunit = "V"\n'


def test_good_values_are_in_ledger_and_report(workshop, repl_board, interpreter):
    (workshop.folder / "rssi.py").write_text("print(-61)\n")
    rssi = '[[tests]]\nname = "rssi"\nfile = "rssi.py"\nmin = -70\n'
    interpreter.values = ["3.28", "-61"]
    order = order_of(workshop, SUPPLY + rssi)
    assert burn(order).result == "done"
    assert interpreter.scripts == ["print(adc())", "print(-61)\n"]
    entries = {entry.what: entry for entry in order.ledger.entries()}
    assert entries["tested"].detail == "supply 3.28 V, rssi -61"
    first = next(one for one in order.ledger.entries() if one.what == "measured")
    assert json.loads(first.detail) == {
        "test": "supply", "value": "3.28", "unit": "V", "min": 3.1, "max": 3.5, "attempt": 1,
        "is_good": True,
    }  # fmt: skip
    plan = order.plan
    with report.opened("lamps", plan.rows, order.ledger, tests=["supply", "rssi"]) as made:
        cells = next(made.rows()).cells
        assert made.columns[-2:] == ["test-supply", "test-rssi"]
    assert (cells["test-supply"], cells["test-rssi"]) == ("3.28", "-61")
    assert overview.make(plan, order.ledger).facts["tests"] == (
        "supply (allowed range is 3.1 to 3.5 V), rssi (the minimum is -70)"
    )
    assert repl_board.resets == 2  # Once as ever, and once after the tests stopped main.py.


def test_bad_value_names_value_and_limit(workshop, repl_board, interpreter):
    interpreter.values = ["2.9", "2.8"]
    order = order_of(workshop, SUPPLY + "retries = 1\n")
    outcome = burn(order)
    assert outcome.result == "failed"
    assert outcome.detail == "supply is 2.8 V; allowed range is 3.1 to 3.5 V"
    measured = [json.loads(e.detail) for e in order.ledger.entries() if e.what == "measured"]
    assert [(one["value"], one["is_good"]) for one in measured] == [("2.9", False), ("2.8", False)]
    assert order.ledger.release("lamps") == []  # The board carries the row.
    interpreter.values = ["3.3"]
    assert burn(order).result == "done"


def test_retry_with_good_value_is_green(workshop, repl_board, interpreter):
    error = BoardError("tested", "mpremote failed: OSError: 5", advice="Check the cable.")
    interpreter.values = [error, "3.1"]
    order = order_of(workshop, SUPPLY + "retries = 2\n")
    assert burn(order).result == "done"
    measured = [json.loads(e.detail) for e in order.ledger.entries() if e.what == "measured"]
    assert measured[0]["mistake"] == "supply: mpremote failed: OSError: 5"
    assert [one["attempt"] for one in measured] == [1, 2]


def test_program_gets_the_facts_of_its_board(workshop, repl_board):
    (workshop.folder / "measure.py").write_text("import sys\nprint(*sys.argv[1:])")
    words = [PYTHON, "measure.py", "{port}", "{mac}-{device_name}", "{serial}"]
    order = order_of(workshop, f'[[tests]]\nname = "jig"\nprogram = {json.dumps(words)}\n')
    assert burn(order).result == "done"
    entries = {entry.what: entry for entry in order.ledger.entries()}
    assert entries["tested"].detail == "jig tty1 a0b765123456-lamp-0001 77"


def test_failed_program_is_red_with_its_reason(workshop):
    bench = Bench(workshop.order(workshop.plan(rows=ROWS)), "tty1", WHO, mac=MAC, serial="")

    def mistake(text: str, **limits: object) -> str:
        words = (PYTHON, "-c", text)
        (made,) = bench.attempts(BoardTest("jig", program=words, **limits))  # type: ignore[arg-type]
        return made.mistake

    assert mistake("print(1)", low=1) == ""
    assert mistake("print('off'); exit(3)") == f'jig: {PYTHON} ended with exit code 3: "off"'
    assert mistake("print('oops')", high=1) == "jig printed 'oops', but its limits need a number"
    assert mistake("print('nan')", high=1) == "jig is nan; the maximum is 1"
    assert mistake("pass", equals="ok") == "jig is empty; it must be ok"
    endless = mistake("while True: print('x', flush=True)", timeout=1.0)
    assert endless == f"jig: {PYTHON} was ended: it took longer than 1 s"
    with pytest.raises(BoardError, match="cannot be started"):
        list(bench.attempts(BoardTest("jig", program=("no-such-jig",))))


def test_boot_check_is_a_test_with_a_place(workshop, repl_board, interpreter):
    order: list[str] = []

    def boot(_port: str, _identity: object) -> str:
        order.append("boot")
        if len(order) == 1:
            raise BoardError("booted", "it printed nothing", advice="Press EN.")
        return "lamp-0001, SDK 1"

    interpreter.values = ["3.3"]
    listed = SUPPLY + '[[tests]]\nname = "start"\nboot = true\nretries = 1\n'
    made = order_of(workshop, listed, boot_check=boot)
    assert made.plan.batch.boot_check
    assert burn(made).result == "done"
    what = [entry.what for entry in made.ledger.entries()]
    assert what[5:] == ["measured", "measured", "measured", "booted", "tested", "done"]
    assert repl_board.resets == 1  # The boot check reset the board already.
    made.boot_check = None
    assert [test.name for test in made.tests] == ["supply"]


def test_failed_boot_check_keeps_its_advice(workshop, repl_board):
    def boot(_port: str, _identity: object) -> str:
        raise BoardError("booted", "it printed nothing", advice="Press EN.")

    outcome = burn(order_of(workshop, "", boot_check=boot))
    assert (outcome.detail, outcome.advice) == ("it printed nothing", "Press EN.")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "tests.t: write one of file, repl, program and boot"),
        ('repl = "1"\nboot = true', "write one of file, repl, program and boot"),
        ('repl = "1"\nmin = 2\nmax = 1', "tests.t: min is 2, above max, 1"),
        ('repl = "1"\nmin = 2\nequals = 1', "has equals and min or max: keep one"),
        ("boot = true\nmin = 2", "the boot check has its own limits"),
        ('file = "absent.py"', "absent.py: No such file"),
        ('repl = "print("', "tests.t: "),
        ('program = ["no-such-jig"]', "the program no-such-jig was not found"),
        ('repl = "1"\nretires = 1', "tests.0.retires is not a known key: did you mean retries?"),
        ('repl = "1"\n[[tests]]\nname = "t"\nrepl = "1"', "tests has t twice: rename one"),
    ],
)
def test_wrong_tests_are_found_at_once(workshop, table, message):
    file = workshop.batch(rows=ROWS, more=f'[[tests]]\nname = "t"\n{table}')
    try:
        batch = batch_file.load(file)
    except BatchError as error:
        found = str(error)
    else:
        (found,) = board_tests.unusable(batch.tests, batch.folder)
    assert message in found


def test_plan_refuses_tests_without_their_file(workshop):
    with pytest.raises(BatchError, match=r"lamps.toml: tests.t: .*absent.py: No such file"):
        workshop.plan(rows=ROWS, more='[[tests]]\nname = "t"\nfile = "absent.py"')


def test_number_equals_whatever_its_form():
    test = BoardTest("leds", repl="1", equals=3)
    assert test.mistake("3.0") == ""
    assert test.mistake("4") == "leds is 4; it must be 3"


def test_program_beside_batch_comes_first(tmp_path: Path):
    (tmp_path / "sh").write_text("")
    assert board_tests.executable("sh", tmp_path) == str(tmp_path / "sh")
