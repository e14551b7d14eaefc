"""The registry at rest: SQLAlchemy Core on SQLite (a file or memory) or on PostgreSQL by URL.

SQLite runs in WAL mode with synchronous NORMAL: a killed process loses nothing that was committed;
a machine that loses power may lose the last moments. The store knows each row as it was committed
last, so that what could not be committed is undone in memory too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alink_sim.platform.state.claim import (
    ClaimLostError,
    DatabaseClaim,
    FileClaim,
    MemoryClaim,
    SchemaClaim,
    StoreError,
)
from alink_sim.platform.state.device_batches import Application
from alink_sim.platform.state.entities import Device, Entity, Product
from alink_sim.platform.state.ota_entities import Content, Firmware, Job, OtaEntity, Task
from alink_sim.platform.state.tables import (
    METADATA,
    SCHEMA,
    TABLES,
    VERSION,
    Changes,
    DamagedRowError,
    Key,
    Row,
    entity_of,
    key_of,
    read_row,
    row_of,
)

__all__ = ["Changes", "ClaimLostError", "Store", "StoreError", "Undo"]

_T = TypeVar("_T", Product, Device, Application, Firmware, Content, Job, Task)


@dataclass(frozen=True)
class Undo:
    """A change to be undone: `now` goes, and `before` comes back as `row` has it.

    `now` is None for an entity that was removed; `before` and `row` are None for a new one.
    """

    now: Entity | None
    before: Entity | None
    row: Row | None


@dataclass
class _Change:
    first: Entity  # The object that the last commit stored, if it did.
    now: Entity | None  # None: removed.


class Store:
    """Stores all entities. `put` and `remove` note a change, `take` and `write` store it.

    After `write` comes `saved`, or `undo` where it failed. `repaired` has a sentence for each
    value that was left out when the database was read.
    """

    def __init__(self, url: str, *, expected: str = "", may_be_new: bool = True) -> None:
        """Open the database, created if it is not there.

        `expected` is why its file may not be empty, and not missing either unless it `may_be_new`.
        Raises StoreError.
        """
        self.repaired: list[str] = []
        self._changed: dict[Key, _Change] = {}
        self.changes = 0  # How often something was put or removed.
        self._taken: dict[Key, _Change] = {}
        self._saved: dict[Key, Row] = {}
        self._doubtful: set[Key] = set()  # A write failed: the database may have it or not.
        self._url = url
        self._is_closed = False
        with _explained(url):
            self._engine, self._claim = _opened(url, expected, may_be_new=may_be_new)
            try:
                self._create_tables()
            except BaseException:
                self.close()
                raise
        self._upserts = {table: self._upsert(table) for table in TABLES.values()}

    @property
    def is_behind(self) -> bool:
        """Tell whether something was put or removed and is not committed yet."""
        return bool(self._changed or self._taken)

    def is_unsaved(self, entity: Entity) -> bool:
        """Tell whether an entity has changed since it was committed."""
        key = key_of(entity)
        return key in self._changed or key in self._taken

    def put(self, entity: Entity) -> None:
        """Have an object written by the next `take` and `write`."""
        self._note(entity, entity)

    def remove(self, entity: Entity) -> None:
        """Have an object deleted by the next `take` and `write`."""
        self._note(entity, None)

    def take(self) -> Changes:
        """Return what changed, as it is now; it is the caller's to `write`."""
        changes = {
            key: row_of(change.now) if change.now else None
            for key, change in self._changed.items()
        }
        if changes:
            for key in self._doubtful - changes.keys():
                changes[key] = self._saved.get(key)
        self._taken, self._changed = self._changed, {}
        return changes

    def write(self, changes: Changes) -> None:
        """Commit changes in one transaction; any thread, one at a time. Raises StoreError."""
        with _explained(self._url), self._claim.transaction() as connection:
            for kind, table in TABLES.items():
                mine = {key: row for key, row in changes.items() if key[0] is kind}
                gone = [key[1:] for key, row in mine.items() if row is None]
                self._delete(connection, table, gone)
                if rows := [row for row in mine.values() if row is not None]:
                    connection.execute(self._upserts[table], rows)

    def saved(self, changes: Changes) -> None:
        """Note that changes are committed."""
        for key, row in changes.items():
            if row is None:
                self._saved.pop(key, None)
            else:
                self._saved[key] = row
        self._doubtful -= changes.keys()
        self._taken = {}

    def undo(self) -> list[Undo]:
        """Forget all that is not committed; return what has to be undone in memory, in order.

        Rows that a failed write may have changed are written again with the next one.
        """
        self._doubtful |= self._taken.keys()
        changed: dict[Key, _Change] = dict(self._taken)
        for key, change in self._changed.items():
            first = changed[key].first if key in changed else change.first
            changed[key] = _Change(first, change.now)
        self._taken, self._changed = {}, {}
        return [
            Undo(change.now, change.first if key in self._saved else None, self._saved.get(key))
            for key, change in changed.items()
        ]

    def check(self) -> None:
        """Return if this platform still has the database to itself.

        Raises ClaimLostError where it has not, StoreError where it cannot be reached.
        """
        with _explained(self._url):
            self._claim.check()

    def load(self) -> tuple[list[Product], list[Device], list[Application]]:
        """Return everything that was stored. Raises StoreError for a damaged row."""
        return self._all(Product), self._all(Device), self._all(Application)

    def load_upgrades(self) -> list[OtaEntity]:
        """Return the stored OTA entities, the oldest of each kind first. Raises StoreError."""
        return [
            *self._all(Content),
            *sorted(self._all(Firmware), key=_created),
            *sorted(self._all(Job), key=_created),
            *sorted(self._all(Task), key=_created),
        ]

    def close(self) -> None:
        """Give the connections back, and the claim; more than once does no harm."""
        if not self._is_closed:
            self._is_closed = True
            self._engine.dispose()
            self._claim.release()

    def _note(self, entity: Entity, now: Entity | None) -> None:
        self.changes += 1
        change = self._changed.setdefault(key_of(entity), _Change(entity, now))
        change.now = now

    def _all(self, kind: type[_T]) -> list[_T]:
        with _explained(self._url):
            return list(self._read(kind))

    def _read(self, kind: type[_T]) -> Iterator[_T]:
        table = TABLES[kind]
        with self._engine.connect() as connection:
            for found in connection.execute(table.select()).mappings():
                row = read_row(table, dict(found), repaired=self.repaired.append)
                try:
                    entity = entity_of(kind, row)
                except (TypeError, AttributeError) as error:
                    name = "/".join(str(found[one.name]) for one in table.primary_key.columns)
                    raise DamagedRowError(f"table {table.name}, row {name}") from error
                self._saved[key_of(entity)] = row_of(entity)
                yield entity

    def _create_tables(self) -> None:
        with self._claim.transaction() as connection:
            there = sa.inspect(connection).has_table(VERSION.name)
            found = connection.scalar(sa.select(VERSION.c.version)) if there else None
            if found not in (None, SCHEMA):
                what = "update alink-sim" if found > SCHEMA else "use the alink-sim that made it"
                raise StoreError(
                    f"the database has schema {found}, this alink-sim knows {SCHEMA}: {what}, or "
                    "start again: name another database or state directory, with its products and "
                    "devices in a set-up file"
                )
            METADATA.create_all(connection)
            if found is None:
                connection.execute(VERSION.insert().values(version=SCHEMA))
        self._claim.sign()

    def _upsert(self, table: sa.Table) -> sa.Executable:
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(table)
        fresh = {column.name: statement.excluded[column.name] for column in table.columns}
        keys = list(table.primary_key.columns)
        return statement.on_conflict_do_update(index_elements=keys, set_=fresh)

    def _delete(self, connection: sa.Connection, table: sa.Table, keys: list[Key]) -> None:
        for key in keys:
            columns = zip(table.primary_key.columns, key, strict=True)
            connection.execute(table.delete().where(*(column == part for column, part in columns)))


def _created(one: Firmware | Job | Task) -> float:
    return one.created


def _opened(url: str, expected: str, *, may_be_new: bool) -> tuple[sa.Engine, DatabaseClaim]:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        return engine, SchemaClaim(engine)
    if parsed.get_backend_name() != "sqlite":
        raise sa.exc.ArgumentError("write a sqlite:// or postgresql:// URL")
    shared = {"check_same_thread": False}
    if parsed.database in (None, "", ":memory:"):
        engine = sa.create_engine(parsed, connect_args=shared, poolclass=sa.StaticPool)
        sa.event.listen(engine, "connect", _use_wal)
        return engine, MemoryClaim(engine)
    if str(parsed.database).startswith("file:"):
        raise sa.exc.ArgumentError("it takes a path: sqlite:///FOLDER/FILE, not a file: URI")
    path = Path(str(parsed.database))
    if expected and (path.exists() or not may_be_new):
        _check_filled(path, expected)
    claim = FileClaim(path)
    try:
        engine = sa.create_engine(parsed, connect_args=shared)
        sa.event.listen(engine, "connect", _use_wal)
        claim.serve(engine)
        _check_pages(engine)
    except BaseException:
        claim.release()
        raise
    return engine, claim


def _check_filled(path: Path, expected: str) -> None:
    """Return if a file is there and not empty. Raises StoreError."""
    is_there = path.exists()
    if not is_there or path.stat().st_size == 0:
        raise StoreError(
            f"the database {path} is {'empty' if is_there else 'missing'}, and {expected}: "
            "restore it from a backup, or name the database with --db; remove the folder to "
            "begin with no devices"
        )


def _check_pages(engine: sa.Engine) -> None:
    """Return if SQLite finds nothing wrong with its file. Raises StoreError, SQLAlchemyError."""
    with engine.connect() as connection:
        found = connection.scalar(sa.text("PRAGMA quick_check(1)"))
    if found != "ok":
        raise sa.exc.DatabaseError("", None, ValueError(f"it is damaged: {found}"))


def _use_wal(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class _explained:  # noqa: N801 (it is used like a function)
    """Turns failures of a database into StoreError; a StoreError goes through as it is."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, DamagedRowError):
            raise StoreError(
                f"the database {_shown(self._url)} is damaged: {error}; restore it from a backup"
            ) from error
        if isinstance(error, sa.exc.SQLAlchemyError | OSError):
            reason = _reason(error)
            raise StoreError(
                f"the database {_shown(self._url)} cannot be used: {reason}"
            ) from error


def _shown(url: str) -> str:
    """Return a URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the given URL"


def _reason(error: Exception) -> str:
    """Return why a database failed, without the values of a row."""
    cause = getattr(error, "orig", None) or error
    # PostgreSQL's further lines and fields may quote the row.
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return primary or str(cause).partition("\n")[0]
