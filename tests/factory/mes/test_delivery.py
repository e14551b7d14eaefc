"""Outcomes for the MES: each arrives, in order, whatever ends in between."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_factory.batch import batch_file
from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger, measured
from alink_factory.mes import delivery
from alink_factory.mes.delivery import Delivery
from tests.factory.workshop import KEY, Workshop
from tests.waiting import PATIENCE

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
MACS = ("a0b765000001", "a0b765000002")


class Candidate:
    product_key = KEY

    def __init__(self, name: str) -> None:
        self.key = self.device_name = name


class Mes:
    """An HTTP server that returns `codes` in turn, then 200, and keeps what it took."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.taken: list[dict[str, Any]] = []
        self.headers: list[str | None] = []
        self.arrived = threading.Semaphore(0)
        mes = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                code = mes.codes.pop(0) if mes.codes else 200
                if code == 200:
                    mes.taken.append(json.loads(body))
                    mes.headers.append(self.headers["Authorization"])
                self.send_response(code)
                self.end_headers()
                mes.arrived.release()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/boards"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def mes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mes]:
    monkeypatch.setenv("NO_PROXY", "*")
    made = Mes()
    yield made
    made.server.shutdown()
    made.server.server_close()


def finished(book: Ledger, number: int) -> None:
    """Put a board into the ledger that failed a test and is done in its second attempt."""
    name = f"lamp-000{number + 1}"
    claim = None
    for value in ("2.9", "3.3"):
        claim = book.claim("lamps", [Candidate(name)], mac=MACS[number])
        assert claim
        claim = book.advance(claim, "written", record="0123456789abcdef")
        entry = measured.encode("supply", value, unit="V")
        book.note_on(claim, measured.WHAT, port="tty1", detail=entry)
        if value == "2.9":
            book.fail(claim, step="tested", detail="supply is 2.9 V")
    assert claim
    book.advance(claim, "done")


def delivering(workshop: Workshop, book: Ledger, more: str) -> Delivery:
    made = delivery.of(batch_file.load(workshop.batch(rows=ROWS, more=more)), book)
    assert made
    return made


def test_each_outcome_arrives_once_in_order(workshop, mes, monkeypatch):
    monkeypatch.setenv("MES_TOKEN", "Bearer hunter2")
    more = f'[mes]\nurl = "{mes.url}"\nauthorization = "env:MES_TOKEN"'
    book = workshop.ledger()
    finished(book, 0)
    delivering(workshop, book, more).deliver()
    finished(book, 1)
    later = delivering(workshop, book, more)  # As after a new start of the line.
    assert later.waiting == 2
    later.deliver()
    assert [(one["device_name"], one["outcome"]) for one in mes.taken] == [
        ("lamp-0001", "failed"), ("lamp-0001", "done"),
        ("lamp-0002", "failed"), ("lamp-0002", "done"),
    ]  # fmt: skip
    assert [one["tests"] for one in mes.taken[:2]] == [{"supply": "2.9"}, {"supply": "3.3"}]
    chains = {entry.seq: entry.chain for entry in book.entries()}
    assert all(chains[one["seq"]] == one["chain"] for one in mes.taken)
    assert set(mes.headers) == {"Bearer hunter2"}
    assert later.waiting == 0


def test_absent_mes_loses_no_outcome(workshop, mes):
    book = workshop.ledger()
    finished(book, 0)
    made = delivering(workshop, book, f'[mes]\nurl = "{mes.url}"')
    mes.codes = [503]
    (sentence,) = delivery.finish(made)
    assert sentence.startswith("2 outcomes wait for the MES: ")
    assert "returned 503 Service Unavailable; `alink-burn deliver` sends them" in sentence
    assert delivery.finish(made) == []
    assert [one["outcome"] for one in mes.taken] == ["failed", "done"]


def test_refused_outcome_is_kept_and_the_next_sent(workshop, mes):
    book = workshop.ledger()
    finished(book, 0)
    made = delivering(workshop, book, f'[mes]\nurl = "{mes.url}"')
    mes.codes = [422]
    sentences = delivery.finish(made)
    assert sentences[0].startswith("the MES refused lamp-0001: http://127.0.0.1:")
    assert [one["outcome"] for one in mes.taken] == ["done"]
    kept = json.loads(made.refusals.read_text())
    assert (kept["outcome"], "returned 422" in kept["refusal"]) == ("failed", True)
    assert made.waiting == 0


def test_background_delivery_tries_again(workshop, mes, monkeypatch):
    monkeypatch.setattr(delivery, "_INTERVAL", 0.01)
    book = workshop.ledger()
    batch = batch_file.load(workshop.batch(rows=ROWS, more=f'[mes]\nurl = "{mes.url}"'))
    mes.codes = [500, 500]
    with delivery.running(batch, book) as sentences:
        finished(book, 0)
        for _ in range(4):
            assert mes.arrived.acquire(timeout=PATIENCE)
    assert [one["outcome"] for one in mes.taken] == ["failed", "done"]
    assert sentences == []


def test_another_ledger_begins_again(workshop, mes):
    book = workshop.ledger()
    book.begin("lamps")
    finished(book, 0)
    more = f'[mes]\nurl = "{mes.url}"'
    delivering(workshop, book, more).deliver()
    (workshop.folder / "ledger.db").rename(workshop.folder / "old.db")
    another = workshop.ledger()
    another.begin("lamps")
    finished(another, 1)
    delivering(workshop, another, more).deliver()
    assert [one["device_name"] for one in mes.taken] == 2 * ["lamp-0001"] + 2 * ["lamp-0002"]


def test_station_delivers_its_own_outcomes(workshop, mes):
    finished(workshop.ledger(), 0)
    other = workshop.ledger("bench-2")
    finished(other, 1)
    delivering(workshop, other, f'[mes]\nurl = "{mes.url}"').deliver()
    assert {one["station"] for one in mes.taken} == {"bench-2"}


def test_program_reads_outcomes_of_deliver_verb(workshop):
    (workshop.folder / "post.py").write_text(
        "import json, sys\n"
        "outcome = json.load(sys.stdin)\n"
        "print(outcome['outcome'], file=open('taken.txt', 'a'))\n"
        "sys.exit({'failed': 65}.get(outcome['outcome'], 0))\n"
    )
    words = json.dumps([sys.executable, "post.py"])
    batch = workshop.batch(rows=ROWS, more=f"[mes]\nprogram = {words}")
    finished(workshop.ledger(), 0)
    done = CliRunner().invoke(app, ["deliver", str(batch), "--station", "bench-1"])
    assert (done.exit_code, done.stdout) == (1, "1 outcomes delivered.\n")
    assert "ended with exit code 65" in done.stderr
    assert (workshop.folder / "taken.txt").read_text() == "failed\ndone\n"
    again = CliRunner().invoke(app, ["deliver", str(batch), "--station", "bench-1"])
    assert (again.exit_code, again.stdout) == (0, "0 outcomes delivered.\n")


@pytest.mark.parametrize("table", ["", 'url = "http://h"\nprogram = ["x"]', 'url = "ftp://h"'])
def test_unusable_mes_table_is_refused(workshop, table):
    with pytest.raises(BatchError, match=r"mes: write url or program|write http://"):
        batch_file.load(workshop.batch(rows=ROWS, more=f"[mes]\n{table}"))
