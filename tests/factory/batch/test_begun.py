"""A batch belongs to the ledger that it was begun with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.batch import begun
from alink_factory.batch.batch_file import Batch, load
from alink_factory.cli import app
from alink_factory.errors import BatchError, LedgerError
from alink_factory.ledger import Ledger, Station
from alink_factory.report import overview
from tests.factory.workshop import Workshop


@pytest.fixture
def batch(workshop: Workshop) -> Batch:
    return load(workshop.batch(count=3, naming='scheme = "mac"'))


def ledger(folder: Path, name: str, station: str = "bench-1") -> Ledger:
    return Ledger(str(folder / name), station=Station(station, "mei"))


def test_ledger_of_the_first_board_is_taken_again(batch, workshop):
    first = workshop.ledger()
    assert begun.bind(batch, first) == ""
    mark = json.loads((workshop.folder / "lamps.begun.json").read_text())
    assert mark == {
        "id": first.batch_id("lamps"),
        "ledger": str(workshop.folder / "ledger.db"),
        "station": "bench-1",
    }
    assert begun.bind(batch, workshop.ledger("bench-2")) == ""


def test_lost_ledger_is_not_replaced_silently(batch, workshop, tmp_path):
    begun.bind(batch, workshop.ledger())
    with pytest.raises(LedgerError) as caught:
        begun.bind(batch, ledger(tmp_path, "new.db", "bench-2"))
    assert f"begun with the ledger {tmp_path / 'ledger.db'} on station bench-1" in str(
        caught.value
    )
    assert "--new-ledger" in str(caught.value)


def test_copied_batch_refuses_a_second_ledger(batch, workshop, tmp_path):
    begun.bind(batch, workshop.ledger())
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("lamps.toml", "lamps.begun.json"):
        shutil.copy(workshop.folder / name, copy)
    with pytest.raises(LedgerError, match="does not know it"):
        begun.bind(load(copy / "lamps.toml"), ledger(copy, "ledger.db"))


def test_new_ledger_is_taken_if_told(batch, workshop, tmp_path):
    begun.bind(batch, workshop.ledger())
    new = ledger(tmp_path, "new.db")
    assert begun.bind(batch, new, is_new=True) == ""
    assert begun.bind(batch, new) == ""
    with pytest.raises(LedgerError, match=r"begun with the ledger .*new\.db"):
        begun.bind(batch, workshop.ledger())


def test_damaged_mark_is_one_sentence(batch, workshop):
    (workshop.folder / "lamps.begun.json").write_text("{")
    with pytest.raises(BatchError, match=r"lamps\.begun\.json is damaged: remove it if"):
        begun.bind(batch, workshop.ledger())


def test_mark_that_cannot_be_written_is_a_warning(batch, workshop, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    says = begun.bind(batch, workshop.ledger())
    assert "Permission denied: a second ledger for this batch would not be noticed" in says


def test_plan_names_another_ledger(batch, workshop, tmp_path):
    begun.bind(batch, workshop.ledger())
    command = ["plan", str(batch.file), "--ledger", str(tmp_path / "n.db")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "n.db does not know it" in " ".join(done.output.split())
    assert "The batch is ready" not in done.output


@pytest.mark.parametrize("verb", ["run", "flash"])
def test_verbs_refuse_another_ledger(batch, workshop, tmp_path, verb):
    begun.bind(batch, workshop.ledger())
    command = [verb, str(batch.file), "--port", "/dev/nowhere", "--ledger", str(tmp_path / "n.db")]
    with pytest.raises(LedgerError, match="was begun with the ledger"):
        CliRunner().invoke(app, command, catch_exceptions=False)


RANGES = '[stations]\nbench-1 = "1-2"\nbench-2 = "3-3"'
ROWS = "DeviceName,Kind,Gateway\na-01,gateway,\ns-01,subdevice,a-01\na-02,,\na-03,,\n"


def test_stations_have_separate_rows(workshop):
    plan = workshop.plan(rows=ROWS, more=RANGES)
    names = {
        name: [row.device_name for row in plan.of_station(name).burnable]
        for name in plan.batch.stations
    }
    assert names == {"bench-1": ["a-01", "a-02"], "bench-2": ["a-03"]}
    assert len(plan.of_station("bench-2").rows) == 2  # The sub-device stays known.
    assert "no station" not in overview.make(plan, workshop.ledger()).facts
    plan = workshop.plan(rows=ROWS, more='[stations]\nbench-1 = "2-2"')
    facts = overview.make(plan, workshop.ledger()).facts
    assert facts["no station"] == "2 rows, which no station burns"


def test_station_without_rows_is_refused(workshop):
    with pytest.raises(BatchError, match="station bench-9 has no rows: name one of bench-1, ben"):
        workshop.plan(rows=ROWS, more=RANGES).of_station("bench-9")


def test_stations_may_have_a_ledger_each(workshop, tmp_path):
    batch = load(workshop.batch(rows=ROWS, more=RANGES))
    assert begun.bind(batch, ledger(tmp_path, "one.db", "bench-1")) == ""
    assert begun.bind(batch, ledger(tmp_path, "two.db", "bench-2")) == ""
    with pytest.raises(LedgerError, match="does not know it"):
        begun.bind(batch, ledger(tmp_path, "three.db", "bench-2"))


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ('a = "1-2"\nb = "2-3"', "stations.b and stations.a both have row 2"),
        ('a = "1-4"', "stations.a ends with row 4, but the batch has 3 boards"),
        ('a = "2-1"', "stations.a is '2-1'; write its first and last row"),
        ('a = "all"', "stations.a is 'all'"),
        ('"a/b" = "1-1"', "stations has 'a/b'; write 1 to 64 letters"),
    ],
)
def test_wrong_ranges_are_refused(workshop, ranges, says):
    with pytest.raises(BatchError) as caught:
        workshop.plan(rows=ROWS, more=f"[stations]\n{ranges}")
    assert says in str(caught.value)


def test_flash_takes_rows_of_its_station_only(workshop, repl_board):
    batch = workshop.batch(rows=ROWS, more=RANGES, layout="stock")
    command = ["flash", str(batch), "--port", "tty1", "--via", "mpremote"]
    done = CliRunner().invoke(app, [*command, "--station", "bench-2"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert [claim.device_name for claim in workshop.ledger().claims()] == ["a-03"]
