"""The registry at rest: SQLAlchemy Core on SQLite (a file or memory) or on PostgreSQL by URL.

SQLite runs in WAL mode with synchronous NORMAL: a killed process loses nothing that was committed;
a machine that loses power may lose the last moments. A device is one row, so one write keeps it.
A PostgreSQL schema is claimed by the platform that serves it, a file by its state directory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alink_sim.platform.state.device_batches import Application
from alink_sim.platform.state.entities import ClientId, Device, Entity, Product
from alink_sim.platform.state.ota_entities import (
    Content,
    File,
    Firmware,
    Job,
    OtaEntity,
    Rules,
    Task,
)

_SCHEMA = 6
_CLAIM_MILLISECONDS = 2000  # The server needs a moment to notice that the last one was killed.
_LOCK_NOT_AVAILABLE = "55P03"


class _Json(sa.TypeDecorator[Any]):
    """JSON as text, in both engines: PostgreSQL's own type refuses what Python's JSON can hold."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002
        """Return what is kept."""
        return json.dumps(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        """Return what was kept."""
        return json.loads(value)


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
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("documents", _Json, nullable=False),
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
    sa.Column("client_ids", _Json, nullable=False),
    sa.Column("properties", _Json, nullable=False),
    sa.Column("documents", _Json, nullable=False),
)
_APPLICATIONS = sa.Table(
    "applications",
    _METADATA,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("product_key", sa.String(20), nullable=False),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("names", _Json, nullable=False),
    sa.Column("nicknames", _Json, nullable=False),
    sa.Column("failed", _Json, nullable=False),
)
_CONTENTS = sa.Table(
    "ota_contents",
    _METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)


def _documents(name: str) -> sa.Table:
    return sa.Table(
        name,
        _METADATA,
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("document", _Json, nullable=False),
    )


_TABLES: dict[type[Entity], sa.Table] = {
    Product: _PRODUCTS,
    Device: _DEVICES,
    Application: _APPLICATIONS,
    Content: _CONTENTS,
    Firmware: _documents("ota_firmwares"),
    Job: _documents("ota_jobs"),
    Task: _documents("ota_tasks"),
}

Key = tuple[Any, ...]  # The class of an entity, and its primary key.
Row = dict[str, Any]
Changes = Mapping[Key, Row | None]  # None: removed.


class StoreError(RuntimeError):
    """The database cannot be used; the text says why and what to do."""


class Store:
    """Keeps all entities. `put` and `remove` note a change, `take` and `write` keep it."""

    def __init__(self, url: str) -> None:
        """Open the database, made if it is not there. Raises StoreError."""
        self._claimed: sa.Connection | None = None
        try:
            self._engine = _engine(url)
            try:
                self._open()
            except BaseException:
                self.close()
                raise
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StoreError(_explained(url, error)) from error
        self._changed: dict[Key, Entity | None] = {}
        self._upserts = {table: self._upsert(table) for table in _TABLES.values()}

    @property
    def is_behind(self) -> bool:
        """Tell whether something was put or removed that nobody took yet."""
        return bool(self._changed)

    def put(self, entity: Entity) -> None:
        """Have an object written by the next `take` and `write`."""
        self._changed[_key(entity)] = entity

    def remove(self, entity: Entity) -> None:
        """Have an object deleted by the next `take` and `write`."""
        self._changed[_key(entity)] = None

    def take(self) -> Changes:
        """Return what changed, as it is now; it is the caller's to `write`."""
        changed, self._changed = self._changed, {}
        return {key: _row(entity) if entity else None for key, entity in changed.items()}

    def give_back(self, changes: Changes, entities: Iterable[Entity]) -> None:
        """Note what could not be written again; `entities` are all there are."""
        current = {_key(entity): entity for entity in entities}
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

    def load_upgrades(self) -> list[OtaEntity]:
        """Return what was kept of OTA, the oldest of each kind first."""
        with self._engine.connect() as connection:
            found: list[OtaEntity] = [
                Content(**row) for row in connection.execute(_CONTENTS.select()).mappings()
            ]
            for kind in (Firmware, Job, Task):
                rows = connection.execute(_TABLES[kind].select())
                made: list[Firmware | Job | Task] = [kind(**_opened(one)) for _, one in rows]
                made.sort(key=lambda one: one.created)
                found += made
        return found

    def close(self) -> None:
        """Give the connections back."""
        if self._claimed:
            self._claimed.close()
        self._engine.dispose()

    def _open(self) -> None:
        if self._engine.dialect.name == "postgresql":
            self._claim()
        with self._engine.begin() as connection:
            there = sa.inspect(connection).has_table(_VERSION.name)
            found = connection.scalar(sa.select(_VERSION.c.version)) if there else None
            if found is None:
                _METADATA.create_all(connection)
                connection.execute(_VERSION.insert().values(version=_SCHEMA))
            elif found != _SCHEMA:
                what = "update alink-sim" if found > _SCHEMA else "use the alink-sim that made it"
                raise StoreError(
                    f"the database has schema {found}, this alink-sim knows {_SCHEMA}: {what}, or "
                    "begin anew: name another database or state directory, with its products and "
                    "devices in a set-up file"
                )

    def _claim(self) -> None:
        """Own the schema as long as a connection lasts: two registries would undo each other."""
        self._claimed = self._engine.connect()  # Given back by `close` only.
        self._claimed.execute(sa.text(f"SET LOCAL lock_timeout = {_CLAIM_MILLISECONDS}"))
        key = sa.func.hashtext("alink-sim platform " + sa.func.current_schema())
        try:
            self._claimed.execute(sa.select(sa.func.pg_advisory_lock(key)))
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            raise StoreError(
                "another platform already serves this database: stop it, or name another one"
            ) from error
        self._claimed.commit()  # The lock is the session's; an open transaction would hinder.

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
        # A server that was restarted is noticed before a transaction, not by it.
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
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


def _key(entity: Entity) -> Key:
    if isinstance(entity, Product):
        return Product, entity.key
    if isinstance(entity, Device):
        return Device, entity.product_key, entity.name
    if isinstance(entity, Content):
        return Content, entity.key
    return type(entity), entity.id


def _row(entity: Entity) -> Row:
    if isinstance(entity, Firmware | Job | Task):
        return {"id": entity.id, "document": asdict(entity)}
    row = dict(vars(entity))
    if isinstance(entity, Application):
        row["failed"] = dict(entity.failed)
    if isinstance(entity, Device):
        del row["sessions"]  # Nobody is online after a restart.
        row["client_ids"] = [dict(vars(one)) for one in entity.client_ids]
        row["properties"] = dict(entity.properties)
    return row


def _opened(document: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an entity of OTA, those that are objects made so."""
    if "files" in document:
        return {**document, "files": [File(**one) for one in document["files"]]}
    return {**document, "rules": Rules(**document["rules"])} if "rules" in document else document


def _explained(url: str | sa.URL, error: Exception) -> str:
    """Return a sentence without the password of the URL and without a row's values."""
    try:
        shown = sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        shown = "the given URL"
    cause = getattr(error, "orig", None) or error
    # PostgreSQL's further lines and fields may quote the row.
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return f"the database {shown} cannot be used: {primary or str(cause).partition(chr(10))[0]}"
