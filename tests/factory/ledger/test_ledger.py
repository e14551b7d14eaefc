"""Claims of rows: given once, kept by the database; entries never change."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from alink_factory.batch.rows import Row
from alink_factory.errors import BoardError, LedgerError
from alink_factory.ledger import Claim, Ledger, Station, database
from alink_factory.ledger.claims import STATES
from alink_factory.ledger.schema import CLAIMS

KEY = "a1B2c3D4e5F"


def row(number: int) -> Row:
    name = f"lamp-{number:04d}"
    return Row(key=name, csv_line=number, counter=number, product_key=KEY, device_name=name)


ROWS = [row(number) for number in range(1, 41)]


@pytest.fixture
def book(database_url: str):
    """Once on SQLite, once on PostgreSQL."""
    made = Ledger(database_url, station=Station("s1", "mei"), now=lambda: 1e9)
    yield made
    made.close()


@pytest.fixture
def file_book(tmp_path: Path):
    made = Ledger(str(tmp_path / "ledger.db"), station=Station("s1", "mei"), now=lambda: 1e9)
    yield made
    made.close()


def claimed(book: Ledger, mac: str, batch: str = "b") -> Claim:
    claim = book.claim(batch, ROWS, mac=mac)
    assert claim
    return claim


def another(book: Ledger, name: str = "s2") -> Ledger:
    return Ledger(book._database.where, station=Station(name, "li"))


def reached(book: Ledger, mac: str, state: str):
    claim = claimed(book, mac)
    for step in STATES[1 : STATES.index(state) + 1]:
        claim = book.advance(claim, step)
    return claim


def test_rows_are_handed_out_in_their_order(book):
    names = [claimed(book, f"{n:012x}").device_name for n in range(3)]
    assert names == ["lamp-0001", "lamp-0002", "lamp-0003"]


def test_full_batch_gives_no_claim(book):
    assert book.claim("b", ROWS[:1], mac="1" * 12)
    assert book.claim("b", ROWS[:1], mac="2" * 12) is None


def test_concurrent_stations_never_get_same_row(book):
    books = [another(book, f"s{n}") for n in range(4)]
    got: list[str] = []
    start = threading.Barrier(4)

    def ask(number: int) -> None:
        start.wait()
        macs = (f"{number:06x}{board:06x}" for board in range(10))
        got.extend(claimed(books[number], mac).device_name for mac in macs)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [one.device_name for one in ROWS]
    for one in books:
        one.close()


def test_begun_board_keeps_its_row_at_any_station(book):
    first = reached(book, "a" * 12, "written")
    other = another(book)
    again = claimed(other, "a" * 12)
    assert (again.row, again.attempts, again.station) == (first.row, 2, "s2")
    other.close()


def test_job_that_lost_its_claim_cannot_write(book):
    mine = reached(book, "a" * 12, "imaged")
    other = another(book)
    other.claim("b", ROWS, mac="a" * 12)
    with pytest.raises(BoardError, match="another job took lamp-0001"):
        book.advance(mine, "writing")
    other.close()


def test_job_with_released_row_cannot_write(book):
    mine = reached(book, "a" * 12, "imaged")
    assert [claim.row for claim in book.release("b")] == [mine.row]
    assert book.claim("b", ROWS, mac="b" * 12).row == mine.row
    with pytest.raises(BoardError, match="another job took lamp-0001"):
        book.advance(mine, "writing")


@pytest.mark.parametrize("state", STATES[STATES.index("writing") : -1])
def test_written_row_is_never_released(book, state):
    claim = reached(book, "a" * 12, state)
    assert book.release("b") == []
    book.fail(claim, step=state, detail="the connection broke off")
    assert book.claim("b", ROWS, mac="b" * 12).row == "lamp-0002"


def test_failure_before_writing_frees_the_row(book):
    claim = reached(book, "a" * 12, "imaged")
    book.fail(claim, step="imaged", detail="the disk is full")
    assert book.claim("b", ROWS, mac="b" * 12).row == claim.row
    assert [e.what for e in book.entries("b")][-3:] == ["failed", "released", "claimed"]


def test_a_finished_board_is_returned_as_it_is(book):
    reached(book, "a" * 12, "done")
    again = book.claim("b", ROWS, mac="a" * 12)
    assert (again.is_done, again.attempts) == (True, 1)


def test_one_mac_lives_in_one_batch(book):
    reached(book, "a" * 12, "done")
    with pytest.raises(BoardError, match="this board is lamp-0001 of batch b"):
        book.claim("other", ROWS, mac="a" * 12)


def test_device_name_is_unique_over_all_batches(book):
    reached(book, "a" * 12, "done")
    with pytest.raises(BoardError, match="lamp-0001 is already on the board aaaaaaaaaaaa"):
        book.claim("other", ROWS, mac="b" * 12)


@pytest.mark.parametrize("field", ["mac", "device_name", "row"])
def test_the_database_itself_refuses_a_second_board(book, field):
    reached(book, "a" * 12, "done")
    second = reached(book, "b" * 12, "done")
    value = {"mac": "a" * 12, "device_name": "lamp-0001", "row": "lamp-0001"}[field]
    change = CLAIMS.update().where(CLAIMS.c.id == second.id).values({field: value})
    with pytest.raises(sa.exc.IntegrityError), book._database.begin() as connection:
        connection.execute(change)


@pytest.mark.parametrize("change", ["UPDATE entries SET what = 'done'", "DELETE FROM entries"])
def test_entries_cannot_be_changed(book, change):
    reached(book, "a" * 12, "writing")
    before = book.entries()
    with (
        pytest.raises((sa.exc.IntegrityError, LedgerError), match="append-only"),
        book._database.begin() as connection,
    ):
        connection.execute(sa.text(change))
    assert book.entries() == before


def test_scrapping_frees_the_row_and_keeps_entries(book):
    claim = reached(book, "a" * 12, "written")
    book.retire(claim, what="scrapped", reason="dead antenna")
    again = book.claim("b", ROWS, mac="b" * 12)
    assert again.row == claim.row
    assert book.find(mac="a" * 12) is None
    scrapped = [entry for entry in book.entries() if entry.what == "scrapped"]
    assert [(e.detail, e.mac, e.station, e.operator) for e in scrapped] == [
        ("dead antenna", "a" * 12, "s1", "mei")
    ]
    with pytest.raises(LedgerError, match="no longer in the ledger"):
        book.retire(claim, what="scrapped", reason="twice")


def test_ledger_file_is_private_and_crash_safe(tmp_path, file_book):
    reached(file_book, "a" * 12, "writing")
    for path in tmp_path.glob("ledger.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with file_book._database.begin() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2  # FULL


@pytest.mark.parametrize("before", ["writing", "written", "done"])
def test_written_board_keeps_its_row_in_every_attempt(book, before):
    claim = reached(book, "a" * 12, before)
    again = book.advance(claim, "imaged")
    assert again.state == "writing"
    book.fail(again, step="imaged", detail="x")
    assert book.release("b") == []
    assert [one.state for one in book.claims("b")] == ["writing"]


def test_blank_board_is_no_longer_written(book):
    claim = reached(book, "a" * 12, "done")
    assert book.advance(claim, "claimed", is_blank=True).state == "claimed"
    assert len(book.release("b")) == 1


def test_deleted_or_replaced_ledger_stops_the_line(tmp_path, file_book):
    claim = reached(file_book, "a" * 12, "imaged")
    file = tmp_path / "ledger.db"
    file.rename(tmp_path / "aside.db")
    with pytest.raises(LedgerError, match=r"ledger.db is missing .*: put it back"):
        file_book.advance(claim, "writing")
    file.write_bytes(b"")
    with pytest.raises(LedgerError, match="was replaced"):
        file_book.advance(claim, "writing")


def test_a_locked_ledger_is_one_sentence(tmp_path, file_book, monkeypatch):
    monkeypatch.setattr("alink_factory.ledger.database._TIMEOUT", 0.01)
    impatient = another(file_book)
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match=r"locked.*another program holds it"):
        impatient.claim("b", ROWS, mac="a" * 12)
    holder.close()
    impatient.close()


def test_ports_wait_for_a_slow_disk(file_book, monkeypatch):
    monkeypatch.setattr("alink_factory.ledger.database._TIMEOUT", 0.01)
    book = another(file_book)
    book.note("updated", batch="b")
    with ThreadPoolExecutor(1) as pool:
        with book._database.begin():  # The disk takes long to write this.
            waits = pool.submit(book.note, "updated", batch="b")
            with pytest.raises(TimeoutError):
                waits.result(0.3)
        waits.result()
    assert len(book.entries()) == 2
    book.close()


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("nowhere/ledger.db", r"\(No such file or directory\): use a file in a folder that"),
        ("mysql://u:hunter2@h/db", "use a file or a postgresql:// URL"),
        ("postgresql://u:hunter2@127.0.0.1:1/db", "cannot be used"),
        ("", "the ledger .* is a folder: name a file in it"),
        ("a.txt", "not a database.*restore it from a backup"),
    ],
)
def test_unusable_ledger_is_one_sentence_without_password(tmp_path, monkeypatch, where, says):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("no ledger" * 300)
    with pytest.raises(LedgerError, match=says) as caught:
        Ledger(where, station=Station("s", "o"))
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_is_not_read_as_ledger(tmp_path):
    with pytest.raises(LedgerError, match="is a folder: name a file in it"):
        Ledger(str(tmp_path), station=Station("s", "o"), is_read_only=True)


def test_first_station_gives_the_batch_its_id(book):
    assert book.batch_id("b") == ""
    made = book.begin("b")
    assert (book.begin("b"), book.batch_id("b")) == (made, made)
    assert book.begin("c") != made


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_sqlite_on_a_network_share_is_refused(tmp_path, monkeypatch, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n"
        f"/dev/sdb {tmp_path}/local\\040disk ext4 rw 0 0\n"
    )
    monkeypatch.setattr("alink_factory.ledger.network_share._MOUNTS", mounts)
    with pytest.raises(LedgerError, match=rf"network share \({kind}\).*postgresql:// URL"):
        Ledger(str(tmp_path / "ledger.db"), station=Station("s", "o"))
    assert not (tmp_path / "ledger.db").exists()
    (tmp_path / "local disk").mkdir()
    Ledger(str(tmp_path / "local disk" / "ledger.db"), station=Station("s", "o")).close()


def test_a_ledger_of_another_version_is_left_alone(tmp_path, file_book):
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(LedgerError, match="schema 99"):
        another(file_book)


def as_version_1(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP INDEX ix_entries_batch_row")
        connection.execute("DROP TABLE batches")
        connection.execute("ALTER TABLE entries DROP COLUMN chain")
        connection.execute("UPDATE schema_version SET version = 1")


def test_older_ledger_is_updated_with_its_content(tmp_path, file_book):
    claim = reached(file_book, "a" * 12, "written")
    file_book.close()
    as_version_1(tmp_path / "ledger.db")
    with pytest.raises(LedgerError, match="older schema 1: `alink-burn plan` updates it"):
        Ledger(str(tmp_path / "ledger.db"), station=Station("s", "o"), is_read_only=True)
    updated = another(file_book)
    assert updated.claims() == [claim]
    assert updated.begin("b") == updated.batch_id("b") != ""
    with updated._database.read() as connection:
        names = {index["name"] for index in sa.inspect(connection).get_indexes("entries")}
    assert "ix_entries_batch_row" in names
    updated.close()


def test_entries_carry_attempt_station_operator_and_time(book):
    reached(book, "a" * 12, "written")
    book.claim("b", ROWS, mac="a" * 12)
    last = book.entries("b")[-1]
    assert (last.what, last.attempt, last.station, last.operator, last.at) == (
        "claimed", 2, "s1", "mei", 1e9,
    )  # fmt: skip


def test_many_processes_may_hold_it(tmp_path, file_book):
    # A child that is killed in the middle of a transaction leaves nothing half done.
    reached(file_book, "a" * 12, "writing")
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM claims")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert [claim.mac for claim in file_book.claims()] == ["a" * 12]


def test_job_that_lost_its_claim_frees_nothing(file_book: Ledger):
    first = claimed(file_book, "a" * 12)
    second = claimed(another(file_book), "a" * 12)
    file_book.fail(first, step="imaged", detail="another job took lamp-0001")
    assert file_book.claims() == [second]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "no permission to write it; name another file with"),
        (errno.EROFS, "its disk is read-only; name a file on another disk"),
    ],
)
def test_read_only_ledger_asks_for_another_file(tmp_path, monkeypatch, number, says):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))  # Root may write everywhere.

    system = SimpleNamespace(open=refuse, close=os.close, O_CREAT=0, O_RDWR=0)
    monkeypatch.setattr(database, "os", system)
    with pytest.raises(LedgerError, match=says):
        Ledger(str(tmp_path / "ledger.db"), station=Station("s1", "mei"))
