"""A file of products, devices and access keys in, the same world on every platform out.

TOML or JSON: `[[product]]` with `key secret name node_type dynamic_registration instance`, and
the files of its `thing` model, its remote `config` and its data-parsing `script`, seen from this
one; in it `[[product.device]]` with `name`, `secret` and `gateway` (PRODUCTKEY/DEVICENAME of the
gateway whose sub-device it is). `[[instance]]` has the `id`, `kind` and `region` of an instance
that products name, `[[access_key]]` the `id` and `secret` of one more key of the cloud API. What
is left out has its default; a secret of a product or device left out is made up once and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_sim import bounded_json, thing_model
from alink_sim.platform.documents import load
from alink_sim.platform.openapi.keys import AccessKey, AccessKeyError
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.data_script import Script, SourceError, from_source
from alink_sim.platform.state.instances import Instance, InstanceError
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.topics.remote_config import ConfigError

_PRODUCT: Mapping[str, tuple[type, Any]] = {
    "key": (str, None),
    "secret": (str, None),
    "name": (str, None),
    "node_type": (int, 0),
    "dynamic_registration": (bool, True),
    "instance": (str, ""),
    "thing": (str, None),
    "config": (str, None),
    "script": (str, None),
}
_DEVICE: Mapping[str, tuple[type, Any]] = {
    "name": (str, None),
    "secret": (str, None),
    "gateway": (str, None),
}
_ACCESS_KEY: Mapping[str, tuple[type, Any]] = {"id": (str, None), "secret": (str, "")}
_INSTANCE: Mapping[str, tuple[type, Any]] = {
    "id": (str, None),
    "kind": (str, "enterprise"),
    "region": (str, "cn-shanghai"),
}
_TABLES = ("product", "access_key", "instance")
_WORDS = {str: "a text", int: "a whole number", bool: "true or false"}


class SetupError(ValueError):
    """A set-up file cannot be used; the text says where and what to write instead."""


@dataclass(frozen=True)
class ProductSetup:
    """One product as declared: arguments of `Console.create_product`, and (name, secret)s.

    `gateways` has (DeviceName, ProductKey and DeviceName of the gateway) of each sub-device.

    `where` names its place in the file, for errors.
    """

    fields: dict[str, Any] = field(repr=False)
    devices: tuple[tuple[str, str | None], ...] = field(repr=False)
    thing: Any
    config: bytes | None
    script: Script | None
    gateways: tuple[tuple[str, str, str], ...]
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

    Files it names are in `folder`.
    """
    if isinstance(document, dict) and (unknown := sorted(set(document) - set(_TABLES))):
        tables = ", ".join(f"[[{name}]]" for name in _TABLES)
        raise SetupError(f"{where} has unknown {', '.join(unknown)}; it takes {tables}")
    return Setup(
        products=tuple(
            _product(entry, f"{where}, product {number}", folder)
            for number, entry in enumerate(_entries(document, "product", where), start=1)
        ),
        access_keys=tuple(
            _access_key(entry, f"{where}, access_key {number}")
            for number, entry in enumerate(_entries(document, "access_key", where), start=1)
        ),
        instances=tuple(
            _instance(entry, f"{where}, instance {number}")
            for number, entry in enumerate(_entries(document, "instance", where), start=1)
        ),
    )


def apply(platform: Platform, setup: Setup) -> None:
    """Make everything declared be there; what is already there stays. Raises SetupError."""
    for access_key in setup.access_keys:
        platform.add_access_key(access_key)
    instances = {instance.id: instance for instance in setup.instances}
    for product in setup.products:
        try:
            key = platform.console.create_product(**product.fields).key
            if instance := instances.get(product.fields["instance"]):
                platform.console.set_instance(key, instance)
            if product.thing:
                platform.console.set_thing_model(key, product.thing)
            if product.config is not None:
                _set_config(platform, key, product.config)
            if product.script:
                platform.console.set_script(key, product.script)
            for name, secret in product.devices:
                platform.console.add_device(key, name, secret=secret)
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
    fields = _fields(entry, _ACCESS_KEY, needed="id", where=where)
    try:
        return AccessKey(**fields)
    except AccessKeyError as error:
        raise SetupError(f"{where}: {error}") from error


def _instance(entry: Any, where: str) -> Instance:
    fields = _fields(entry, _INSTANCE, needed="id", where=where)
    try:
        return Instance(**fields)
    except InstanceError as error:
        raise SetupError(f"{where}: {error}") from error


def _product(entry: Any, where: str, folder: Path) -> ProductSetup:
    devices = [
        _fields(device, _DEVICE, needed="name", where=f"{where}, device {number}")
        for number, device in enumerate(_entries(entry, "device", where), start=1)
    ]
    own = {name: value for name, value in entry.items() if name != "device"}
    fields = _fields(own, _PRODUCT, needed="key", where=where)
    thing, config, script = (fields.pop(name) for name in ("thing", "config", "script"))
    return ProductSetup(
        fields=fields,
        thing=_thing(folder / thing, where) if thing else None,
        config=_content(folder / config, "config", where) if config else None,
        script=_script(folder / script, where) if script else None,
        gateways=tuple(
            (device["name"], *_gateway(device["gateway"], f"{where}, device {number}"))
            for number, device in enumerate(devices, start=1)
            if device["gateway"]
        ),
        devices=tuple((device["name"], device["secret"]) for device in devices),
        where=where,
    )


def _thing(path: Path, where: str) -> Any:
    try:
        document = bounded_json.loads(path.read_text("utf-8"))
        thing_model.parse(document)
    except OSError as error:
        raise SetupError(f"{where}: thing {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SetupError(f"{where}: thing {path}: {error}") from error
    return document


def _content(path: Path, what: str, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"{where}: {what} {path} cannot be read: {error.strerror}") from error


def _script(path: Path, where: str) -> Script:
    source = _content(path, "script", where).decode(errors="replace")
    try:
        return from_source(source, where=str(path))
    except SourceError as error:
        raise SetupError(f"{where}: {error}") from error


def _gateway(text: str, where: str) -> tuple[str, str]:
    product_key, slash, name = text.partition("/")
    if not (product_key and slash and name):
        raise SetupError(f"{where}: gateway is {text!r}; it takes PRODUCTKEY/DEVICENAME")
    return product_key, name


def _entries(table: Any, name: str, where: str) -> list[Any]:
    if not isinstance(table, dict):
        raise SetupError(f"{where} is not a table")
    entries = table.get(name, [])
    if not isinstance(entries, list):
        raise SetupError(f"{where}: {name} is not a list: write [[{name}]]")
    return entries


def _fields(
    entry: Any, known: Mapping[str, tuple[type, Any]], *, needed: str, where: str
) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise SetupError(f"{where} is not a table")
    if unknown := sorted(set(entry) - set(known)):
        raise SetupError(f"{where} has unknown {', '.join(unknown)}; known are {', '.join(known)}")
    if needed not in entry:
        raise SetupError(f"{where} has no {needed}: without it every run would make another one")
    for name, value in entry.items():
        if type(value) is not known[name][0]:
            raise SetupError(f"{where}: {name} takes {_WORDS[known[name][0]]}")
    return {name: entry.get(name, default) for name, (_, default) in known.items()}
