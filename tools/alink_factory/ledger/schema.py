"""The ledger's tables, and the rules that the database enforces.

A claim is unique by row, by (ProductKey, DeviceName) and by MAC, so the database refuses the
slower one of two stations. Entries can only be added.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from alink_factory.ledger import chain

VERSION = 4
METADATA = sa.MetaData()

SCHEMA = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False))

CLAIMS = sa.Table(
    "claims",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("batch", sa.String(64), nullable=False),
    sa.Column("row", sa.String(80), nullable=False),
    sa.Column("product_key", sa.String(20), nullable=False),
    sa.Column("device_name", sa.String(32), nullable=False),
    sa.Column("mac", sa.String(12), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("station", sa.String(64), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("record", sa.String(16), nullable=False),
    sa.UniqueConstraint("batch", "row", name="one_board_a_row"),
    sa.UniqueConstraint("product_key", "device_name", name="one_board_a_name"),
    sa.UniqueConstraint("mac", name="one_row_a_board"),
    sqlite_autoincrement=True,  # An id is never given again, whatever was deleted.
)

ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("batch", sa.String(64), nullable=False, index=True),
    sa.Column("row", sa.String(80), nullable=False),
    sa.Column("product_key", sa.String(20), nullable=False),
    sa.Column("device_name", sa.String(32), nullable=False),
    sa.Column("mac", sa.String(12), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("station", sa.String(64), nullable=False),
    sa.Column("operator", sa.String(64), nullable=False),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("record", sa.String(16), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False, server_default=""),
    sa.Index("ix_entries_batch_row", "batch", "row"),
    sqlite_autoincrement=True,
)

BATCHES = sa.Table(
    "batches",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Column("station", sa.String(64), nullable=False),
)

_REFUSAL = "the ledger is append-only"
_PORTION = 1000  # Entries that are updated together.
_NO_CHANGE = {
    verb: f"CREATE TRIGGER entries_no_{verb.lower()} BEFORE {verb} ON entries "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for verb in ("UPDATE", "DELETE")
}
for _trigger in _NO_CHANGE.values():
    event.listen(
        ENTRIES,
        "after_create",
        sa.DDL(_trigger).execute_if(dialect="sqlite"),  # type: ignore[no-untyped-call]
    )
event.listen(
    ENTRIES,
    "after_create",
    sa.DDL(  # type: ignore[no-untyped-call]
        "CREATE FUNCTION entries_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$; "
        "CREATE TRIGGER entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON entries "
        "EXECUTE FUNCTION entries_refuse()"
    ).execute_if(dialect="postgresql"),
)


def create(connection: sa.Connection) -> None:
    """Create the tables of an empty database."""
    METADATA.create_all(connection)
    connection.execute(SCHEMA.insert().values(version=VERSION))


def update(connection: sa.Connection, found: int) -> None:
    """Update the tables of a ledger with the older schema `found`; its content stays."""
    if found < 2:
        for index in ENTRIES.indexes:
            index.create(connection, checkfirst=True)
    if found < 3:
        BATCHES.create(connection, checkfirst=True)
    if found < 4:
        _add_chain(connection)
    connection.execute(SCHEMA.update().values(version=VERSION))


def _add_chain(connection: sa.Connection) -> None:
    # Gives the entries of an older ledger their hashes, the only change that they ever see.
    connection.exec_driver_sql(
        "ALTER TABLE entries ADD COLUMN chain VARCHAR(64) NOT NULL DEFAULT ''"
    )
    is_sqlite = connection.dialect.name == "sqlite"
    without, back = "DISABLE TRIGGER entries_no_change", "ENABLE TRIGGER entries_no_change"
    connection.exec_driver_sql(
        "DROP TRIGGER entries_no_update" if is_sqlite else f"ALTER TABLE entries {without}"
    )
    change = (
        ENTRIES.update()
        .where(ENTRIES.c.seq == sa.bindparam("its_seq"))
        .values(chain=sa.bindparam("its_chain"))
    )
    before, last = "", 0
    while True:
        query = ENTRIES.select().where(ENTRIES.c.seq > last).order_by(ENTRIES.c.seq)
        portion = connection.execute(query.limit(_PORTION)).mappings().all()
        if not portion:
            break
        links = []
        for entry in portion:
            before, last = chain.link(before, dict(entry)), entry["seq"]
            links.append({"its_seq": last, "its_chain": before})
        connection.execute(change, links)
    connection.exec_driver_sql(
        _NO_CHANGE["UPDATE"] if is_sqlite else f"ALTER TABLE entries {back}"
    )
