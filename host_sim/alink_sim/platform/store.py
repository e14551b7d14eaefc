"""The registry at rest: SQLAlchemy Core on SQLite (a file or memory) or on PostgreSQL by URL.

SQLite runs in WAL mode with synchronous NORMAL: a killed process loses nothing that was committed;
a machine that loses power may lose the last moments. A device is one row, so one write keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alink_sim.platform.applications import Application
from alink_sim.platform.entities import ClientId, Device, Product, Thing

_SCHEMA = 4

_METADATA = sa.MetaData()
_VERSION = sa.Table("schema_version", _METADATA, sa.Column("version", sa.Integer, nullable=False))
_PRODUCTS = sa.Table(
    "products",
    _METADATA,
    sa.Column("key", sa.String(20), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("node_type", sa.Integer, nullable=False),
    sa.Column("dynamic_registration", sa.Boolean, nullable=False),
    sa.Column("instance", sa.String(64), nullable=False),
    sa.Column("documents", sa.JSON, nullable=False),
)
_DEVICES = sa.Table(
    "devices",
    _METADATA,
    sa.Column("product_key", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("iot_id", sa.String(64), nullable=False),
    sa.Column("activated", sa.Boolean, nullable=False),
    sa.Column("registered", sa.Boolean, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("client_ids", sa.JSON, nullable=False),
    sa.Column("properties", sa.JSON, nullable=False),
    sa.Column("documents", sa.JSON, nullable=False),
)
_APPLICATIONS = sa.Table(
    "applications",
    _METADATA,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("product_key", sa.String(20), nullable=False),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("nicknames", sa.JSON, nullable=False),
    sa.Column("failed", sa.JSON, nullable=False),
)
_TABLES = {Product: _PRODUCTS, Device: _DEVICES, Application: _APPLICATIONS}

Key = tuple[Any, ...]  # The class of a thing, and its primary key.
Row = dict[str, Any]
Changes = Mapping[Key, Row | None]  # None: removed.


class StoreError(RuntimeError):
    """The database cannot be used; the text says why and what to do."""


class Store:
    """Keeps all things. `put` and `remove` note a change, `take` and `write` keep it."""

    def __init__(self, url: str) -> None:
        """Open the database, made if it is not there. Raises StoreError."""
        try:
            self._engine = _engine(url)
            self._open()
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            raise StoreError(_explained(url, error)) from error
        self._changed: dict[Key, Thing | None] = {}
        self._upserts = {table: self._upsert(table) for table in _TABLES.values()}

    @property
    def is_behind(self) -> bool:
        """Tell whether something was put or removed that nobody took yet."""
        return bool(self._changed)

    def put(self, thing: Thing) -> None:
        """Have an object written by the next `take` and `write`."""
        self._changed[_key(thing)] = thing

    def remove(self, thing: Thing) -> None:
        """Have an object deleted by the next `take` and `write`."""
        self._changed[_key(thing)] = None

    def take(self) -> Changes:
        """Return what changed, as it is now; it is the caller's to `write`."""
        changed, self._changed = self._changed, {}
        return {key: _row(thing) if thing else None for key, thing in changed.items()}

    def give_back(self, changes: Changes, things: Iterable[Thing]) -> None:
        """Note what could not be written again; `things` are all there are."""
        current = {_key(thing): thing for thing in things}
        self._changed = {key: current.get(key) for key in changes} | self._changed

    def write(self, changes: Changes) -> None:
        """Commit changes in one transaction; any thread, one at a time. Raises StoreError."""
        try:
            with self._engine.begin() as connection:
                for kind, table in _TABLES.items():
                    mine = {key: row for key, row in changes.items() if key[0] is kind}
                    gone = [key[1:] for key, row in mine.items() if not row]
                    self._delete(connection, table, gone)
                    if rows := [row for row in mine.values() if row]:
                        connection.execute(self._upserts[table], rows)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(_explained(self._engine.url, error)) from error

    def load(self) -> tuple[list[Product], list[Device], list[Application]]:
        """Return everything that was kept."""
        with self._engine.connect() as connection:
            products = [
                Product(**row) for row in connection.execute(_PRODUCTS.select()).mappings()
            ]
            devices = []
            for row in connection.execute(_DEVICES.select()).mappings():
                device = Device(**row)
                device.client_ids = [ClientId(**one) for one in row["client_ids"]]
                devices.append(device)
            applications = [
                Application(**row) for row in connection.execute(_APPLICATIONS.select()).mappings()
            ]
        return products, devices, applications

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _open(self) -> None:
        _METADATA.create_all(self._engine)
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(_VERSION.c.version)).scalar()
            if found is None:
                connection.execute(_VERSION.insert().values(version=_SCHEMA))
            elif found != _SCHEMA:
                raise StoreError(
                    f"the database has schema {found}, this alink-sim knows {_SCHEMA}: "
                    "use the alink-sim that made it, or another state directory"
                )

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


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed)
    if parsed.get_backend_name() != "sqlite":
        raise sa.exc.ArgumentError("it takes a sqlite:// or postgresql:// URL")
    options: dict[str, Any] = {}
    if parsed.database in (None, "", ":memory:"):
        options["poolclass"] = sa.StaticPool
    else:
        # Secrets lie in it: for its owner alone, and SQLite makes its journals alike.
        os.close(os.open(Path(str(parsed.database)), os.O_CREAT | os.O_WRONLY, 0o600))
    engine = sa.create_engine(parsed, connect_args={"check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", _use_wal)
    return engine


def _use_wal(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _key(thing: Thing) -> Key:
    if isinstance(thing, Product):
        return Product, thing.key
    if isinstance(thing, Device):
        return Device, thing.product_key, thing.name
    return Application, thing.id


def _row(thing: Thing) -> Row:
    row = dict(vars(thing))
    if isinstance(thing, Application):
        row["failed"] = dict(thing.failed)
    if isinstance(thing, Device):
        del row["sessions"]  # Nobody is online after a restart.
        row["client_ids"] = [dict(vars(one)) for one in thing.client_ids]
        row["properties"] = dict(thing.properties)
    return row


def _explained(url: str | sa.URL, error: Exception) -> str:
    """Return a sentence without the password of the URL and without a row's values."""
    try:
        shown = sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        shown = "the given URL"
    cause = getattr(error, "orig", None) or error
    return f"the database {shown} cannot be used: {cause}"
