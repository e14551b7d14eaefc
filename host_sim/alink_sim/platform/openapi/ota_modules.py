"""Actions on modules of a product, and on the versions that devices have."""

from __future__ import annotations

import re
from typing import Any

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.state.entities import Product
from alink_sim.platform.state.ota_entities import DEFAULT_MODULE

_MOST = 10
_NAME = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_ALIAS = re.compile(r"[\w.\-]{1,64}")


def modules(product: Product) -> dict[str, dict[str, Any]]:
    """Return a product's modules by name, the default one among them."""
    kept: dict[str, dict[str, Any]] = product.documents.get("ota_modules", {})
    return {DEFAULT_MODULE: {}} | kept


async def create(call: Call) -> Response:
    """Add a module to a product."""
    product = call.product()
    name = call.text("ModuleName")
    if not _NAME.fullmatch(name):
        raise invalid("ModuleName")
    if name.lower() in (one.lower() for one in modules(product)):
        raise ApiError("iot.ota.AlreadyExistedModule")
    if len(modules(product)) > _MOST:
        raise ApiError("iot.ota.TooManyModules")
    now = call.core.clock.time()
    _keep(call, product, name, {"AliasName": name, "Desc": "", "created": now})
    return {}


async def update(call: Call) -> Response:
    """Change a module's alias and description."""
    product = call.product()
    _keep(call, product, _own(call, product), modules(product)[call.text("ModuleName")])
    return {}


async def delete(call: Call) -> Response:
    """Delete a module that no package is for."""
    product = call.product()
    name = _own(call, product)
    firmwares = call.core.upgrades.firmwares.values()
    if any((one.product_key, one.module) == (product.key, name) for one in firmwares):
        raise ApiError("iot.ota.ModuleInUse")
    kept = {one: facts for one, facts in modules(product).items() if one != name}
    call.core.registry.keep(product, "ota_modules", kept)
    return {}


async def list_all(call: Call) -> Response:
    """Return a product's modules."""
    product = call.product()
    return {
        "Data": [
            {
                "AliasName": facts.get("AliasName", name),
                "Desc": facts.get("Desc", ""),
                "GmtCreate": utc(facts.get("created")),
                "GmtModified": utc(facts.get("modified")),
                "ModuleName": name,
                "ProductKey": product.key,
            }
            for name, facts in modules(product).items()
        ]
    }


async def list_versions(call: Call) -> Response:
    """Return the version that a device has reported of each module."""
    device = call.device()
    page = Page.of(call, list(device.documents.get("modules", {}).items()), most=200)
    infos = [
        {
            "DeviceName": device.name,
            "IotId": device.iot_id,
            "ModuleName": name,
            "ModuleVersion": version,
            "ProductKey": device.product_key,
        }
        for name, version in page.items
    ]
    return {"Data": {"SimpleOTAModuleInfo": infos}, "CurrentPage": page.number, **page.facts}


ACTIONS = {
    "CreateOTAModule": ApiAction(create, 10, ("ProductKey", "ModuleName")),
    "UpdateOTAModule": ApiAction(update, 10, ("ProductKey", "ModuleName")),
    "DeleteOTAModule": ApiAction(delete, 10, ("ProductKey", "ModuleName")),
    "ListOTAModuleByProduct": ApiAction(list_all, 10, ("ProductKey",)),
    "ListOTAModuleVersionsByDevice": ApiAction(list_versions, 10),
}


def _own(call: Call, product: Product) -> str:
    name = call.text("ModuleName")
    if name == DEFAULT_MODULE or name not in modules(product):
        raise ApiError("iot.ota.NotExistedModule")
    return name


def _keep(call: Call, product: Product, name: str, facts: dict[str, Any]) -> None:
    alias, desc = call.text("AliasName"), call.text("Desc")
    if alias and not _ALIAS.fullmatch(alias):
        raise invalid("AliasName")
    if len(desc) > 100:
        raise invalid("Desc")
    given = {"AliasName": alias, "Desc": desc}
    changed = {field: text for field, text in given.items() if text}
    facts = {**facts, **changed, "modified": call.core.clock.time()}
    call.core.registry.keep(product, "ota_modules", modules(product) | {name: facts})
