"""The registry at rest: SQLAlchemy Core on SQLite (a file or memory) or on PostgreSQL by URL.

What a device is told is committed first. SQLite runs in WAL mode with synchronous NORMAL: a killed
process loses nothing that was committed; a machine that loses power may lose the last moments.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from alink_sim.platform.registry import ClientId, Device, Product

_SCHEMA = 1

_METADATA = sa.MetaData()
_VERSION = sa.Table("schema_version", _METADATA, sa.Column("version", sa.Integer, nullable=False))
_PRODUCTS = sa.Table(
    "products",
    _METADATA,
    sa.Column("key", sa.String(20), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("node_type", sa.Integer, nullable=False),
    sa.Column("dynamic_registration", sa.Boolean, nullable=False),
    sa.Column("instance", sa.String(64), nullable=False),
)
_DEVICES = sa.Table(
    "devices",
    _METADATA,
    sa.Column("product_key", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("iot_id", sa.String(64), nullable=False),
    sa.Column("activated", sa.Boolean, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("client_ids", sa.JSON, nullable=False),
    sa.Column("properties", sa.JSON, nullable=False),
)
_PRODUCT_FIELDS = [field.name for field in fields(Product)]
_DEVICE_FIELDS = [column.name for column in _DEVICES.columns]


class StoreError(RuntimeError):
    """The database cannot be used; the text says why and what to do."""


class Store:
    """Keeps products and devices; `commit` writes what was `put` since the last one."""

    def __init__(self, url: str) -> None:
        """Open the database, made if it is not there. Raises StoreError."""
        memory = url in ("sqlite://", "sqlite:///:memory:")
        options: dict[str, Any] = {"poolclass": sa.StaticPool} if memory else {}
        if url.startswith("sqlite"):
            options["connect_args"] = {"check_same_thread": False}
        self._engine = sa.create_engine(url, **options)
        if url.startswith("sqlite"):
            sa.event.listen(self._engine, "connect", _use_wal)
        self._changed: dict[tuple[str, ...], Product | Device] = {}
        try:
            self._open()
        except sa.exc.SQLAlchemyError as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            raise StoreError(f"database {shown} cannot be opened: {error.args[0]}") from error

    def put(self, thing: Product | Device) -> None:
        """Have an object written by the next commit."""
        key = (thing.key,) if isinstance(thing, Product) else (thing.product_key, thing.name)
        self._changed[key] = thing

    def take(self) -> list[tuple[sa.Table, dict[str, Any]]]:
        """Return the rows that were put, as they are now; they are the caller's to `write`."""
        changed, self._changed = self._changed, {}
        return [
            (_PRODUCTS, asdict(thing)) if isinstance(thing, Product) else (_DEVICES, _row(thing))
            for thing in changed.values()
        ]

    def write(self, rows: list[tuple[sa.Table, dict[str, Any]]]) -> None:
        """Commit rows in one transaction; any thread."""
        if not rows:
            return
        with self._engine.begin() as connection:
            for table, row in rows:
                keys = table.primary_key.columns
                where = sa.and_(*(column == row[column.name] for column in keys))
                done = connection.execute(table.update().where(where).values(row))
                if not done.rowcount:
                    connection.execute(table.insert().values(row))

    def commit(self) -> None:
        """Write what was put."""
        self.write(self.take())

    def load(self) -> tuple[list[Product], list[Device]]:
        """Return everything that was kept."""
        with self._engine.connect() as connection:
            products = [
                Product(**{name: row[name] for name in _PRODUCT_FIELDS})
                for row in connection.execute(_PRODUCTS.select()).mappings()
            ]
            devices = []
            for row in connection.execute(_DEVICES.select()).mappings():
                values = {name: row[name] for name in _DEVICE_FIELDS}
                values["client_ids"] = [ClientId(**one) for one in values["client_ids"]]
                devices.append(Device(**values))
        return products, devices

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _open(self) -> None:
        _METADATA.create_all(self._engine)
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(_VERSION.c.version)).scalar()
            if found is None:
                connection.execute(_VERSION.insert().values(version=_SCHEMA))
            elif found > _SCHEMA:
                raise StoreError(
                    f"the database has schema {found}, this alink-sim knows {_SCHEMA}: "
                    "use a newer alink-sim, or another state directory"
                )


def _row(device: Device) -> dict[str, Any]:
    row = asdict(device)
    return {name: row[name] for name in _DEVICE_FIELDS}


def _use_wal(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
