"""The tables of the store, and how a product, device, batch or OTA object becomes a row and back.

A device is one row, so one write stores it. JSON is text in both engines: PostgreSQL's own type
refuses what Python's JSON can hold.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import sqlalchemy as sa

from alink_sim import bounded_json
from alink_sim.platform.state.device_batches import Application
from alink_sim.platform.state.entities import ClientId, Device, Entity, Product
from alink_sim.platform.state.ota_entities import Content, File, Firmware, Job, Rules, Task

SCHEMA = 6
# Levels of JSON in a row. A message has up to bounded_json.MAX_DEPTH, and a row puts it into some
# objects more; deeper rows were written before messages had a limit, and cannot be copied or sent.
MAX_DEPTH = 2 * bounded_json.MAX_DEPTH

Key = tuple[Any, ...]  # The class of an entity, and its primary key.
Row = dict[str, Any]
Changes = Mapping[Key, Row | None]  # None: removed.

_KINDS: dict[type, str] = {dict: "object", list: "array"}

_T = TypeVar("_T")


class Json(sa.TypeDecorator[Any]):
    """A column of JSON text of a `kind`. `read_row` parses it, and can name a damaged row."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kind: type[dict[str, Any] | list[Any]]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002
        """Return the text to store."""
        return json.dumps(value)


class DamagedRowError(ValueError):
    """A row cannot be read; the text names table, row and column."""


METADATA = sa.MetaData()
VERSION = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False))
CLAIM = sa.Table("claim", METADATA, sa.Column("token", sa.String(40), nullable=False))
_PRODUCTS = sa.Table(
    "products",
    METADATA,
    sa.Column("key", sa.String(20), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("node_type", sa.Integer, nullable=False),
    sa.Column("dynamic_registration", sa.Boolean, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("documents", Json(dict), nullable=False),
)
_DEVICES = sa.Table(
    "devices",
    METADATA,
    sa.Column("product_key", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("iot_id", sa.String(64), nullable=False),
    sa.Column("activated", sa.Boolean, nullable=False),
    sa.Column("registered", sa.Boolean, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("client_ids", Json(list), nullable=False),
    sa.Column("properties", Json(dict), nullable=False),
    sa.Column("documents", Json(dict), nullable=False),
)
_APPLICATIONS = sa.Table(
    "applications",
    METADATA,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("product_key", sa.String(20), nullable=False),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("names", Json(list), nullable=False),
    sa.Column("nicknames", Json(dict), nullable=False),
    sa.Column("failed", Json(dict), nullable=False),
)
_CONTENTS = sa.Table(
    "ota_contents",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)


def _documents(name: str) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("document", Json(dict), nullable=False),
    )


TABLES: dict[type[Entity], sa.Table] = {
    Product: _PRODUCTS,
    Device: _DEVICES,
    Application: _APPLICATIONS,
    Content: _CONTENTS,
    Firmware: _documents("ota_firmwares"),
    Job: _documents("ota_jobs"),
    Task: _documents("ota_tasks"),
}


def key_of(entity: Entity) -> Key:
    """Return the key of an entity."""
    if isinstance(entity, Product):
        return Product, entity.key
    if isinstance(entity, Device):
        return Device, entity.product_key, entity.name
    if isinstance(entity, Content):
        return Content, entity.key
    return type(entity), entity.id


def row_of(entity: Entity) -> Row:
    """Return the row of an entity as it is now; its later changes leave the row alone."""
    if isinstance(entity, Firmware | Job | Task):
        return {"id": entity.id, "document": asdict(entity)}
    row = dict(vars(entity))
    if isinstance(entity, Application):
        row["failed"] = dict(entity.failed)
    if isinstance(entity, Device):
        del row["sessions"]  # All devices are offline after a restart.
        row["client_ids"] = [dict(vars(one)) for one in entity.client_ids]
        row["properties"] = dict(entity.properties)
    return row


def entity_of(kind: Callable[..., _T], row: Mapping[str, Any]) -> _T:
    """Return the entity of a row; later changes of the entity leave the row alone."""
    if "document" in row:
        document = copy.deepcopy(row["document"])
        if "files" in document:
            document["files"] = [File(**one) for one in document["files"]]
        if "rules" in document:
            document["rules"] = Rules(**document["rules"])
        return kind(**document)
    fields = dict(row)
    if "client_ids" in row:
        fields["client_ids"] = [ClientId(**one) for one in row["client_ids"]]
        fields["properties"] = dict(row["properties"])
    if "failed" in row:
        fields["failed"] = dict(row["failed"])
    return kind(**fields)


def restore(entity: Entity, row: Row) -> None:
    """Set an entity back to what its row says; a device keeps its count of sessions."""
    stored = vars(entity_of(type(entity), row))
    stored.pop("sessions", None)
    vars(entity).update(stored)


def read_row(table: sa.Table, row: Mapping[str, Any], *, repaired: Callable[[str], None]) -> Row:
    """Return a row with its JSON parsed. `repaired` hears of values that were left out.

    Raises DamagedRowError.
    """
    name = "/".join(str(row[column.name]) for column in table.primary_key.columns)
    read = dict(row)
    for column in table.columns:
        if not isinstance(column.type, Json):
            continue
        where = f"table {table.name}, row {name}, column {column.name}"
        text = row[column.name]
        try:
            if (found := bounded_json.depth(text)) > MAX_DEPTH:
                text = bounded_json.pruned(text, MAX_DEPTH)
                repaired(
                    f"{where}: JSON was nested {found} levels deep; what is below level "
                    f"{MAX_DEPTH} was replaced by null"
                )
            read[column.name] = json.loads(text)
        except (TypeError, ValueError) as error:
            raise DamagedRowError(f"{where} is not JSON") from error
        if not isinstance(read[column.name], column.type.kind):
            raise DamagedRowError(f"{where} is not a JSON {_KINDS[column.type.kind]}")
    return read
