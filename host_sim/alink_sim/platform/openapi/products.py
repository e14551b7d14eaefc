"""Actions on products. None turns the switch of dynamic registration: only the console does."""

from __future__ import annotations

from alink_sim.platform.lifecycle import Action, carry_out
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.names import is_product_name
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import milliseconds, moment
from alink_sim.platform.state.entities import NodeType, Product

_EDITIONS = ("iothub", "iothub_senior")
_MAX_DESCRIPTION = 100


async def create_product(call: Call) -> Response:
    """Make a product; its dynamic registration is off, as in a new product of the real one."""
    edition = call.text("AliyunCommodityCode") or "iothub"
    if edition not in _EDITIONS:
        raise ApiError("iot.prod.InvalidAliyunCommodityCode")
    if call.number("NodeType") not in (0, 1):
        raise ApiError("iot.prod.InvalidNodeType")
    name = _checked_name(call)
    details = {
        "AliyunCommodityCode": edition,
        "AuthType": call.text("AuthType") or "secret",
        "DataFormat": call.number("DataFormat", 1 if edition == "iothub" else None),
        "Description": _checked_description(call),
        "NetType": call.text("NetType") or "WIFI",
        "ProtocolType": call.text("ProtocolType"),
        "ValidateType": call.number("ValidateType", 1),
    }
    if details["AuthType"] != "secret":
        raise ApiError("iot.prod.CreateProductFailed", "this platform has AuthType secret only")
    instance = call.text("IotInstanceId")
    registry = call.core.registry
    made = registry.create_product(
        name=name, node_type=call.number("NodeType"), dynamic_registration=False, instance=instance
    )
    registry.keep(made, "details", details)
    return {"ProductKey": made.key, "Data": _described(made) | {"ProductSecret": made.secret}}


async def query_product(call: Call) -> Response:
    """Return a product, with its secret and how many devices it has."""
    product = call.product()
    details = product.documents.get("details", {})
    return {
        "Data": {
            **_listed(call, product),
            "AliyunCommodityCode": details.get("AliyunCommodityCode", "iothub_senior"),
            "Id2": False,
            "NetType": details.get("NetType", "WIFI"),
            "Owner": True,
            "ProductSecret": product.secret,
            "ProductStatus": "DEVELOPMENT_STATUS",
            "ProtocolType": details.get("ProtocolType", ""),
            "ValidateType": details.get("ValidateType", 1),
        }
    }


async def query_product_list(call: Call) -> Response:
    """Return a page of the instance's products."""
    wanted = call.text("AliyunCommodityCode")
    found = [
        product
        for product in call.core.registry.products.values()
        if product.instance == call.instance()
        and wanted in ("", _described(product)["AliyunCommodityCode"])
    ]
    page = Page.of(call, found, most=200)
    infos = [_listed(call, product) for product in page.items]
    return {"Data": {"CurrentPage": page.number, "List": {"ProductInfo": infos}, **page.facts}}


async def update_product(call: Call) -> Response:
    """Change a product's name and description."""
    product = call.product()
    name = _checked_name(call, but=product)
    details = product.documents.get("details", {})
    if "Description" in call.parameters:
        details = {**details, "Description": _checked_description(call)}
    call.core.registry.create_product(key=product.key, name=name)
    call.core.registry.keep(product, "details", details)
    return {}


async def delete_product(call: Call) -> Response:
    """Delete a product that has no devices."""
    product = call.product()
    if _count(call, product):
        raise ApiError(
            call.core.settings.product_in_use_code, "the product has devices: delete them first"
        )
    await carry_out(call.core, Action(lambda registry: registry.remove_product(product.key)))
    return {}


ACTIONS = {
    "CreateProduct": ApiAction(create_product, 50, ("ProductName", "NodeType")),
    "QueryProduct": ApiAction(query_product, 50, ("ProductKey",)),
    "QueryProductList": ApiAction(query_product_list, 50, ("CurrentPage", "PageSize")),
    "UpdateProduct": ApiAction(update_product, 10, ("ProductKey", "ProductName")),
    "DeleteProduct": ApiAction(delete_product, 500, ("ProductKey",)),
}


def _described(product: Product) -> Response:
    details = product.documents.get("details", {})
    return {
        "AliyunCommodityCode": details.get("AliyunCommodityCode", "iothub_senior"),
        "AuthType": details.get("AuthType", "secret"),
        "DataFormat": details.get("DataFormat", 1),
        "Description": details.get("Description", ""),
        "NodeType": int(product.node_type == NodeType.GATEWAY),
        "ProductKey": product.key,
        "ProductName": product.name,
        "ProtocolType": details.get("ProtocolType", ""),
    }


def _listed(call: Call, product: Product) -> Response:
    described = _described(product)
    names = ("AuthType", "DataFormat", "Description", "NodeType", "ProductKey", "ProductName")
    return {
        **{name: described[name] for name in names},
        "DeviceCount": _count(call, product),
        "GmtCreate": milliseconds(moment(product, "created")),
    }


def _count(call: Call, product: Product) -> int:
    return sum(key == product.key for key, _ in call.core.registry.devices)


def _checked_name(call: Call, *, but: Product | None = None) -> str:
    name = call.needed("ProductName")
    if not is_product_name(name):
        raise ApiError("iot.prod.InvalidFormattedProductName")
    instance = call.text("IotInstanceId")
    for product in call.core.registry.products.values():
        if product is not but and (product.name, product.instance) == (name, instance):
            raise ApiError("iot.prod.AlreadyExistedProductName")
    return name


def _checked_description(call: Call) -> str:
    if len(call.text("Description")) > _MAX_DESCRIPTION:
        raise ApiError("iot.prod.LongProductDesc")
    return call.text("Description")
