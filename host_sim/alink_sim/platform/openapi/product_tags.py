"""Actions on the tags of products."""

from __future__ import annotations

import re

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.tags import named_tags
from alink_sim.platform.openapi.times import milliseconds, moment
from alink_sim.platform.state.entities import NodeType, Product

_KEY = re.compile(r"[A-Za-z0-9.]{1,30}")
_VALUE = re.compile(r"[\w-]+")
_LONGEST = 128  # A Chinese character counts as two.
_MOST = 100
_DOCUMENT = "tags"


async def create(call: Call) -> Response:
    """Add tags to a product; of a key that it has, the value changes."""
    product = call.product()
    tags = {**_tags(product), **_checked(call)}
    if len(tags) > _MOST:
        raise ApiError("iot.common.InvalidFormattedParameter", f"a product has up to {_MOST} tags")
    call.core.registry.keep(product, _DOCUMENT, tags)
    return {}


async def update(call: Call) -> Response:
    """Change values of tags that a product has."""
    product = call.product()
    changed = _checked(call)
    tags = _tags(product)
    if unknown := {key: value for key, value in changed.items() if key not in tags}:
        raise _invalid(unknown, f"the product has no tag {next(iter(unknown))}")
    call.core.registry.keep(product, _DOCUMENT, tags | changed)
    return {}


async def delete(call: Call) -> Response:
    """Remove tags from a product; a key that it does not have is left out."""
    product = call.product()
    keys = call.listed("ProductTagKey")
    kept = {key: value for key, value in _tags(product).items() if key not in keys}
    call.core.registry.keep(product, _DOCUMENT, kept)
    return {}


async def list_tags(call: Call) -> Response:
    """Return the tags of a product."""
    return {"Data": {"ProductTag": _listed(_tags(call.product()))}}


async def list_products(call: Call) -> Response:
    """Return a page of the instance's products that have each of some tags."""
    wanted = named_tags(call, "ProductTag").items()
    instance = call.instance()
    found = [
        one
        for one in call.core.registry.products.values()
        if one.instance == instance and wanted <= _tags(one).items()
    ]
    infos = [
        {
            "CreateTime": milliseconds(moment(one, "created")),
            "Description": one.documents.get("details", {}).get("Description", ""),
            "NodeType": int(one.node_type == NodeType.GATEWAY),
            "ProductKey": one.key,
            "ProductName": one.name,
        }
        for one in Page.of(call, found).items
    ]
    return {"ProductInfos": {"ProductInfo": infos}}


ACTIONS = {
    "CreateProductTags": ApiAction(create, 500, ("ProductKey",)),
    "UpdateProductTags": ApiAction(update, 500, ("ProductKey",)),
    "DeleteProductTags": ApiAction(delete, 500, ("ProductKey", "ProductTagKey.1")),
    "ListProductTags": ApiAction(list_tags, 500, ("ProductKey",)),
    "ListProductByTags": ApiAction(list_products, 500),
}


def _tags(product: Product) -> dict[str, str]:
    found: dict[str, str] = product.documents.get(_DOCUMENT, {})
    return found


def _checked(call: Call) -> dict[str, str]:
    """Return the tags of a call. Raises ApiError, whose response has the malformed ones."""
    given = named_tags(call, "ProductTag")
    wrong = {key: value for key, value in given.items() if not _is_valid(key, value)}
    if wrong:
        raise _invalid(wrong, "a key takes letters, digits and dots, a value also _ and -")
    return given


def _is_valid(key: str, value: str) -> bool:
    length = len(value) + sum(not letter.isascii() for letter in value)
    return bool(_KEY.fullmatch(key) and _VALUE.fullmatch(value)) and length <= _LONGEST


def _invalid(tags: dict[str, str], message: str) -> ApiError:
    return ApiError(
        "iot.common.InvalidFormattedParameter",
        message,
        InvalidProductTags={"ProductTag": _listed(tags)},
    )


def _listed(tags: dict[str, str]) -> list[Response]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
