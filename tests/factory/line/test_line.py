"""The line program with a robot at its ports: a batch with trouble, killed, stopped by hand."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from alink_factory.ledger import Ledger, Station
from tests import postgres
from tests.factory.floor import Floor, units
from tests.factory.line_program import LineProgram
from tests.factory.soak import Soak, Trouble
from tests.factory.workshop import SECRET
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def test_batch_with_bad_cables_and_boards_completes(tmp_path):
    trouble = Trouble(faulty=0.4, spoiled=3, seed=3)
    result = Soak(tmp_path, rows=12, ports=8, trouble=trouble).run(patience=600)
    assert result.errors == []
    assert result.attempts > 12


def test_four_ports_take_time_of_slowest_board(tmp_path):
    soak = Soak(tmp_path, rows=4, ports=4, firmware=200_000, trouble=Trouble())
    result = soak.run(patience=600)
    assert result.errors == []
    # 100 KB of the image do not compress: at 460 800 baud they take more than two seconds.
    assert result.wall == result.slowest > 2.0
    assert result.worked > 3 * result.wall


def test_line_killed_repeatedly_loses_nothing(tmp_path):
    trouble = Trouble(faulty=0.2, kills=5, seed=5)
    result = Soak(tmp_path, rows=8, ports=4, trouble=trouble).run(patience=600)
    assert result.errors == []
    # The first three come within the work that eight boards need at least.
    assert result.kills >= 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_killed_stations_never_burn_a_name_twice(tmp_path, database_url):
    trouble = Trouble(faulty=0.3, spoiled=1, kills=2, seed=6)
    soak = Soak(tmp_path, rows=12, ports=6, stations=2, ledger=database_url, trouble=trouble)
    result = soak.run(patience=600)
    assert result.errors == []
    assert result.kills == 4
    assert result.burned.keys() == {"bench-1", "bench-2"}


def test_ctrl_c_finishes_boards_at_work(workshop):
    with LineProgram(workshop, ports=2, boards=4, count=4, naming='scheme = "mac"') as run:
        run.until(event="step", name="writing")
        run.process.send_signal(signal.SIGINT)
        code, events, _ = run.rest()
    assert code == 0
    assert [e["result"] for e in events if e["event"] == "outcome"] == ["done", "done"]
    assert events[-1] == {"event": "end", "done": 2, "rows": 4, "begun": []}


def test_second_ctrl_c_abandons_and_lists_boards(workshop):
    with LineProgram(workshop, ports=1, boards=1, rows=ROWS, firmware=400_000) as run:
        run.until(event="step", name="writing")
        run.process.send_signal(signal.SIGINT)
        run.until(event="closing")
        run.process.send_signal(signal.SIGINT)
        code, events, _ = run.rest()
    assert code == 1
    (begun,) = events[-1]["begun"]
    assert (begun["device_name"], begun["state"]) == ("lamp-0001", "writing")
    outcome = next(e for e in events if e["event"] == "outcome")
    assert outcome["detail"] == "esptool was ended: the line was stopped"


def test_missing_ledger_stops_line_with_one_sentence(workshop):
    with LineProgram(workshop, ports=1, boards=1, rows=ROWS, firmware=100_000) as run:
        run.until(event="step", name="identify")
        (workshop.folder / "ledger.db").unlink()
        code, _, err = run.rest()
    assert code == 2
    assert "ledger.db is missing (No such file or directory): put it back" in err
    assert "Traceback" not in err


def test_lost_ledger_server_stops_line_keeps_row(workshop, tmp_path):
    database_url = postgres.fresh_database()
    way = tmp_path / "server"
    socket = database_url.partition("host=")[2].partition("&")[0]
    way.symlink_to(socket)
    url = database_url.replace(socket, str(way)) + "&application_name=line"
    with LineProgram(workshop, ports=1, boards=1, rows=ROWS, ledger=url, firmware=100_000) as run:
        run.until(event="step", name="writing")
        way.unlink()
        with psycopg.connect(database_url) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'line'"
            )
        code, _, err = run.rest()
        assert code == 2
        assert "check that the server is running" in err
        assert "Traceback" not in err
        book = Ledger(database_url, station=Station("x", "x"))
        before = [(claim.mac, claim.row, claim.is_done) for claim in book.claims()]
        way.symlink_to(socket)
        run.again()
        run.until(event="outcome", result="done")
        after = [(claim.mac, claim.row, claim.is_done) for claim in book.claims()]
        book.close()
    assert [is_done for _, _, is_done in before] == [False]
    assert after == [(mac, row, True) for mac, row, _ in before]


def test_two_stations_share_a_batch_and_no_row(workshop, database_url):
    batch = workshop.batch(count=6, naming='scheme = "template"\ntemplate = "lamp-{counter:02d}"')
    floors, programs = [], []
    for station, prefix in (("a", "aa"), ("b", "bb")):
        folder = workshop.folder / station
        folder.mkdir()
        made = units(folder, 3, rng=random.Random(1))
        for unit in made:
            unit.mac = prefix + unit.mac[2:]
        floors.append(Floor(folder, ports=3, units=made))
        floors[-1].fill()
        command = [sys.executable, "-m", "alink_factory", "run", str(batch), "--json"]
        command += ["--station", station, "--ledger", database_url]
        for path in floors[-1].paths:
            command += ["--port", str(path)]
        programs.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    outputs = [program.communicate(timeout=PATIENCE)[0] for program in programs]
    for floor in floors:
        floor.close()
    assert [program.returncode for program in programs] == [0, 0], outputs
    book = Ledger(database_url, station=Station("x", "x"))
    claims = book.claims()
    book.close()
    assert sorted(claim.device_name for claim in claims) == [f"lamp-{n:02d}" for n in range(1, 7)]
    assert {(claim.station, claim.mac[:2]) for claim in claims} == {("a", "aa"), ("b", "bb")}
    assert len({claim.mac for claim in claims}) == 6


def test_no_secret_is_printed_kept_or_left_behind(workshop, tmp_path):
    with LineProgram(
        workshop, ports=1, boards=1, rows="DeviceName\nlamp-0001\n", firmware=30_000
    ) as run:
        code, events, err = run.rest()
    assert code == 0
    shown = json.dumps(events) + err
    for path in (path for path in Path(tmp_path).iterdir() if path.is_file()):
        if path.name != "product.secret" and not path.name.startswith("flash-"):
            shown += path.read_bytes().decode("latin-1")
    assert SECRET not in shown
    assert SECRET.encode().hex() not in shown
