"""A file of products, devices, instances and access keys, for the same world on every platform.

TOML or JSON. `[[product]]` has `key secret name node_type dynamic_registration instance`, and the
files of its `thing` model, its remote `config` and its data-parsing `script`, relative to this
one; `[[product.device]]` has `name`, `secret` and `gateway` (PRODUCTKEY/DEVICENAME of the gateway
whose sub-device it is). `[[product.broadcast]]` has `payload` and `topic` of a broadcast that is
sent each `seconds`. `[[instance]]` has the `id`, `kind` and `region` of an instance that products
name, `[[access_key]]` the `id` and `secret` of another key of the cloud API. A missing key has its
default; a missing secret of a product or device is made once and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from alink_formats import tables
from alink_formats.tables import Table, TableError
from alink_sim import thing_model
from alink_sim.nearby import reason
from alink_sim.platform.openapi.keys import AccessKey, AccessKeyError
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.data_script import Script, SourceError, from_source
from alink_sim.platform.state.instances import Instance, InstanceError
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.toml_or_json import load
from alink_sim.platform.topics.remote_config import ConfigError

_MIN_SECONDS = 1  # Of a broadcast.

_TableType = TypeVar("_TableType", bound=Table)
_Result = TypeVar("_Result")


class _Device(Table):
    name: str
    secret: str | None = None
    gateway: str | None = None


class _Broadcast(Table):
    payload: str
    topic: str = ""
    seconds: float


class _Product(Table):
    key: str
    secret: str | None = None
    name: str | None = None
    node_type: int = 0
    dynamic_registration: bool = True
    instance: str = ""
    thing: str | None = None
    config: str | None = None
    script: str | None = None
    device: list[Any] = Field(default_factory=list)
    broadcast: list[Any] = Field(default_factory=list)


class _Instance(Table):
    id: str
    kind: str = "enterprise"
    region: str = "cn-shanghai"


class _AccessKey(Table):
    id: str
    secret: str


class _File(Table):
    product: list[Any] = Field(default_factory=list)
    access_key: list[Any] = Field(default_factory=list)
    instance: list[Any] = Field(default_factory=list)


class SetupError(ValueError):
    """A set-up file cannot be used; the text says where and what to write instead."""


@dataclass(frozen=True)
class ProductSetup:
    """One declared product: arguments of `Console.create_product`, and (name, secret) pairs.

    `gateways` has (DeviceName, ProductKey and DeviceName of the gateway) of each sub-device,
    `broadcasts` topic, payload and seconds.
    `where` is its place in the file, for errors.
    """

    fields: dict[str, Any] = field(repr=False)
    devices: tuple[tuple[str, str | None], ...] = field(repr=False)
    thing: Any
    config: bytes | None
    script: Script | None
    gateways: tuple[tuple[str, str, str], ...]
    broadcasts: tuple[tuple[str, bytes, float], ...]
    where: str = field(compare=False)


@dataclass(frozen=True)
class Setup:
    """All that a file declares."""

    products: tuple[ProductSetup, ...]
    access_keys: tuple[AccessKey, ...]
    instances: tuple[Instance, ...]


def read(path: Path) -> Setup:
    """Return what a file declares. Raises SetupError."""
    document = load(path, SetupError)
    return parse(document, where=str(path), folder=path.parent)


def parse(document: Any, *, where: str, folder: Path = Path()) -> Setup:
    """Return what a parsed document declares; `where` names it in errors. Raises SetupError.

    Relative names of files start in `folder`.
    """
    content = _checked(_File, document, where)
    return Setup(
        products=_each(
            content.product,
            f"{where}, product",
            lambda entry, place: _product(entry, place, folder),
        ),
        access_keys=_each(content.access_key, f"{where}, access_key", _access_key),
        instances=_each(content.instance, f"{where}, instance", _instance),
    )


def apply(platform: Platform, setup: Setup) -> None:
    """Create everything declared; keep what exists already. Raises SetupError."""
    for access_key in setup.access_keys:
        platform.add_access_key(access_key)
    instances = {instance.id: instance for instance in setup.instances}
    console = platform.console
    for product in setup.products:
        try:
            key = console.create_product(**product.fields).key
            if instance := instances.get(product.fields["instance"]):
                console.set_instance(key, instance)
            if product.thing:
                console.set_thing_model(key, product.thing)
            if product.config is not None:
                _set_config(platform, key, product.config)
            if product.script:
                console.set_script(key, product.script)
            for name, secret in product.devices:
                console.add_device(key, name, secret=secret)
            for topic, payload, seconds in product.broadcasts:
                platform.cloud.repeat_broadcast(key, payload, topic=topic, seconds=seconds)
        except (RegistryError, ConfigError) as error:
            raise SetupError(f"{product.where}: {error}") from error
    for product in setup.products:
        try:
            for name, *gateway in product.gateways:
                _relate(platform, product.fields["key"], name, (gateway[0], gateway[1]))
        except RegistryError as error:
            raise SetupError(f"{product.where}: {error}") from error


def _set_config(platform: Platform, product_key: str, content: bytes) -> None:
    # Once: a push to every device at each start of the platform would be another test.
    there = platform.console.product(product_key).documents.get("config") or {}
    if there.get("sign") != hashlib.sha256(content).hexdigest():
        platform.cloud.set_config(product_key, content)


def _relate(platform: Platform, product_key: str, name: str, gateway: tuple[str, str]) -> None:
    owner = platform.cloud.gateway_of(product_key, name)
    if owner is None or (owner.product_key, owner.name) != gateway:
        platform.cloud.add_sub_device(product_key, name, gateway=gateway)


def _access_key(entry: Any, where: str) -> AccessKey:
    try:
        return AccessKey(**_checked(_AccessKey, entry, where).model_dump())
    except AccessKeyError as error:
        raise SetupError(f"{where}: {error}") from error


def _instance(entry: Any, where: str) -> Instance:
    try:
        return Instance(**_checked(_Instance, entry, where).model_dump())
    except InstanceError as error:
        raise SetupError(f"{where}: {error}") from error


def _product(entry: Any, where: str, folder: Path) -> ProductSetup:
    product = _checked(_Product, entry, where)
    devices = _each(product.device, f"{where}, device", _device)
    return ProductSetup(
        fields=product.model_dump(exclude={"device", "thing", "config", "script", "broadcast"}),
        thing=_thing(folder / product.thing, where) if product.thing else None,
        config=_content(folder / product.config, "config", where) if product.config else None,
        script=_script(folder / product.script, where) if product.script else None,
        gateways=tuple((name, *gateway) for name, _, gateway in devices if gateway),
        devices=tuple((name, secret) for name, secret, _ in devices),
        broadcasts=_each(
            product.broadcast,
            f"{where}, broadcast",
            lambda one, place: _broadcast(one, place, product.key),
        ),
        where=where,
    )


def _device(entry: Any, where: str) -> tuple[str, str | None, tuple[str, str] | None]:
    device = _checked(_Device, entry, where)
    gateway = _gateway(device.gateway, where) if device.gateway else None
    return device.name, device.secret, gateway


def _broadcast(entry: Any, where: str, product_key: str) -> tuple[str, bytes, float]:
    broadcast = _checked(_Broadcast, entry, where)
    if broadcast.seconds < _MIN_SECONDS:
        raise SetupError(f"{where}: seconds is {broadcast.seconds:g}; use {_MIN_SECONDS} or more")
    if broadcast.topic and not broadcast.topic.startswith(f"/broadcast/{product_key}/"):
        raise SetupError(
            f"{where}: topic is {broadcast.topic!r}; write /broadcast/{product_key}/NAME"
        )
    return broadcast.topic, broadcast.payload.encode(), broadcast.seconds


def _thing(path: Path, where: str) -> Any:
    try:
        document = thing_model.document(path.read_bytes())
        thing_model.parse(document)
    except OSError as error:
        raise SetupError(f"{where}: thing {path} cannot be read: {reason(error, path)}") from error
    except ValueError as error:
        raise SetupError(f"{where}: thing {path}: {error}") from error
    return document


def _content(path: Path, what: str, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(
            f"{where}: {what} {path} cannot be read: {reason(error, path)}"
        ) from error


def _script(path: Path, where: str) -> Script:
    source = _content(path, "script", where).decode("utf-8-sig", errors="replace")
    try:
        return from_source(source, where=str(path))
    except SourceError as error:
        raise SetupError(f"{where}: {error}") from error


def _gateway(text: str, where: str) -> tuple[str, str]:
    product_key, slash, name = text.partition("/")
    if not (product_key and slash and name):
        raise SetupError(f"{where}: gateway is {text!r}; write PRODUCTKEY/DEVICENAME")
    return product_key, name


def _each(
    entries: Sequence[Any], where: str, take: Callable[[Any, str], _Result]
) -> tuple[_Result, ...]:
    """Return the result for each entry of a list of tables; its place counts from 1."""
    return tuple(take(one, f"{where} {number}") for number, one in enumerate(entries, start=1))


def _checked(model: type[_TableType], entry: Any, where: str) -> _TableType:
    try:
        return tables.check(model, entry)
    except TableError as error:
        raise SetupError(f"{where}: {'; '.join(error.messages)}") from None
