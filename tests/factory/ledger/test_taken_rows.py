"""Taken rows: each entry is read once, and the counts follow the claims."""

from __future__ import annotations

import pytest

from alink_factory.batch.open_rows import OpenRows
from alink_factory.batch.rows import Row
from alink_factory.ledger import Ledger, Station, TakenRows
from tests.factory.workshop import Workshop

ROWS = "DeviceName\n" + "".join(f"lamp-{number:04d}\n" for number in range(40))


def counted(taken: TakenRows) -> tuple[int, int]:
    taken.update()
    return taken.done, taken.begun


def test_counts_follow_the_claims(workshop: Workshop, database_url: str):
    book = Ledger(database_url, station=Station("b", "mei"))
    rows = workshop.plan(rows=ROWS).rows
    taken = book.taken_rows("lamps", {row.key for row in rows})
    first = book.claim("lamps", rows[:1], mac="a" * 12)
    second = book.claim("lamps", rows[1:], mac="b" * 12)
    assert first
    assert second
    assert counted(taken) == (0, 2)
    book.advance(book.advance(first, "writing"), "done")
    assert counted(taken) == (1, 1)
    book.fail(second, step="imaged", detail="x")
    assert counted(taken) == (1, 0)
    book.retire(first, what="scrapped", reason="x")
    assert counted(taken) == (0, 0)
    assert rows[0].key not in taken
    book.close()


def test_row_outside_the_file_is_not_counted(workshop: Workshop):
    book = workshop.ledger()
    book.claim("lamps", workshop.plan(rows=ROWS).rows, mac="a" * 12)
    assert counted(book.taken_rows("lamps", {"lamp-0001"})) == (0, 0)


def test_each_event_is_read_once():
    events = [(1, "claimed", "a"), (2, "done", "a"), (3, "claimed", "b")]
    asked: list[int] = []

    def read(seq: int):
        asked.append(seq)
        return [event for event in events if event[0] > seq]

    taken = TakenRows(read, {"a", "b"})
    assert counted(taken) == (1, 1)
    assert counted(taken) == (1, 1)
    assert asked == [0, 3]


class Touches(list[Row]):
    """Rows that count how often they are read."""

    touched = 0

    def __getitem__(self, index):
        self.touched += 1
        return super().__getitem__(index)


@pytest.mark.parametrize("count", [10, 39])
def test_next_free_row_is_found_without_search(workshop: Workshop, count: int):
    rows = Touches(workshop.plan(rows=ROWS).rows)
    events = [(n + 1, "claimed", rows[n].key) for n in range(count)]
    taken = TakenRows(lambda seq: events[seq:], {row.key for row in rows})
    taken.update()
    open_rows = OpenRows(rows)
    assert next(open_rows.free(taken)) is list.__getitem__(rows, count)
    rows.touched = 0
    assert next(open_rows.free(taken)) is list.__getitem__(rows, count)
    assert rows.touched <= 4


def test_freed_row_is_found_again(workshop: Workshop):
    rows = workshop.plan(rows=ROWS).rows
    events = [(n + 1, "claimed", rows[n].key) for n in range(5)]
    taken = TakenRows(lambda seq: events[seq:], {row.key for row in rows})
    taken.update()
    open_rows = OpenRows(rows)
    assert next(open_rows.free(taken)) is rows[5]
    events.append((6, "released", rows[2].key))
    taken.update()
    assert next(open_rows.free(taken)) is rows[2]
