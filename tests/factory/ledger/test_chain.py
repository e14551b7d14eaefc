"""The chain: an entry that was changed, inserted or removed is found and named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.ledger import Ledger, Station, chain, schema
from alink_factory.ledger.chain import Audit
from tests.factory.workshop import Workshop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def audited(book: Ledger, head: str = "") -> Audit:
    with book.history("b") as history:
        return chain.audit(history.of_all_batches(), head=head)


def filled(where: str, count: int = 5) -> Ledger:
    book = Ledger(where, station=Station("s1", "mei"))
    for number in range(count):
        book.note("updated", batch="b", mac=f"{number:012x}", detail=f"n {number} \u8bbe")
    return book


def test_chain_of_untouched_ledger_is_whole(database_url: str):
    book = filled(database_url)
    other = Ledger(database_url, station=Station("s2", "li"))
    other.note("updated", batch="other")
    book.note("updated", batch="b")
    made = audited(book)
    assert (made.entries, made.broken) == (7, None)
    assert made.head == book.entries()[-1].chain
    other.close()
    book.close()


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE entries SET operator = 'li' WHERE seq = 3", 3),
        ("UPDATE entries SET at = at + 0.001 WHERE seq = 2", 2),
        ("DELETE FROM entries WHERE seq = 3", 4),
        ("DELETE FROM entries WHERE seq = 1", 2),
        ("UPDATE entries SET seq = 9 WHERE seq = 4", 5),
        (
            (
                "INSERT INTO entries SELECT 9, at, what, batch, row, product_key, device_name, "
                "mac, attempt, station, operator, port, record, detail, chain "
                "FROM entries WHERE seq = 4"
            ),
            9,
        ),
    ],
)
def test_first_broken_entry_is_named(tmp_path: Path, change: str, broken: int):
    file = tmp_path / "ledger.db"
    filled(str(file)).close()
    with sqlite3.connect(file) as connection:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER entries_no_{verb}")
        connection.execute(change)
    book = Ledger(str(file), station=Station("s", "o"), is_read_only=True)
    found = audited(book).broken
    assert found
    assert found.seq == broken
    book.close()


def test_older_ledger_gets_its_chain(database_url: str, monkeypatch):
    monkeypatch.setattr(schema, "_PORTION", 2)
    book = filled(database_url)
    with book._database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE entries DROP COLUMN chain")
        connection.exec_driver_sql("UPDATE schema_version SET version = 3")
    book.close()
    updated = Ledger(database_url, station=Station("s1", "mei"))
    updated.note("updated", batch="b")
    assert (audited(updated).entries, audited(updated).broken) == (6, None)
    with pytest.raises(Exception, match="append-only"), updated._database.begin() as connection:
        connection.execute(sa.text("UPDATE entries SET detail = ''"))
    updated.close()


@pytest.fixture
def run(workshop: Workshop) -> Callable[..., tuple[int, str]]:
    """Run a verb on a batch whose ledger has two entries."""
    batch = workshop.batch(rows=ROWS)
    book = filled(str(workshop.folder / "ledger.db"), count=1)
    book.note("registered", batch="lamps", product_key="k", device_name="lamp-0001")
    book.close()

    def invoke(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [arguments[0], str(batch), *arguments[1:]])
        return done.exit_code, done.output

    return invoke


def test_audit_proves_chain_and_head(workshop: Workshop, run):
    report = json.loads(run("report", "--format", "json")[1])
    code, output = run("report", "-o", str(workshop.folder / "report.csv"))
    assert report["chain"] in output
    code, output = run("report", "--audit", "--head", report["chain"][:12])
    assert (code, "chain of 2 entries is whole" in output) == (0, True)
    assert "is that of entry 2" in output
    code, output = run("report", "--audit", "--head", "ffff")
    assert (code, "entries were cut off at its end" in output) == (1, True)
    with sqlite3.connect(workshop.folder / "ledger.db") as connection:
        connection.execute("DROP TRIGGER entries_no_update")
        connection.execute("UPDATE entries SET device_name = 'lamp-0002' WHERE seq = 2")
    code, output = run("report", "--audit")
    assert (code, "broken at entry 2 (" in output, "registered lamp-0002" in output) == (
        1, True, True,
    )  # fmt: skip


def test_entries_are_exported(workshop: Workshop, run):
    code, output = run("entries", "--format", "jsonl")
    (entry,) = [json.loads(line) for line in output.splitlines()]
    assert (code, entry["what"], entry["seq"], len(entry["chain"])) == (0, "registered", 2, 64)
    target = workshop.folder / "entries.csv"
    assert run("entries", "-o", str(target)) == (0, f"{target}: 1 entries\n")
    header, line = target.read_text("utf-8-sig").splitlines()
    assert header.startswith("seq,at,what,batch,")
    assert ",registered,lamps,," in line
    assert run("entries", "--format", "xml")[0] != 0
