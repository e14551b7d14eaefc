"""What an operator may ask of a running platform: names and plain values in, plain values out.

The administration serves these, and `alink-sim admin` asks for them. Secrets are in the answers of
`product_add`, `device_add` and `access_key` only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alink_sim.platform.control.downlink_operations import DOWNLINKS
from alink_sim.platform.control.ota_operations import UPGRADES
from alink_sim.platform.faults import file
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.entities import Device, Product


def product_add(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a product with its secret; fields as in `Platform.create_product`."""
    product = platform.create_product(**fields)
    return _product(product) | {"productSecret": product.secret}


def product_list(platform: Platform) -> list[dict[str, Any]]:
    """Return all products."""
    return [_product(product) for product in platform.products()]


def product_show(platform: Platform, *, product_key: str) -> dict[str, Any]:
    """Return a product."""
    return _product(platform.product(product_key))


def product_remove(platform: Platform, *, product_key: str) -> dict[str, Any]:
    """Delete a product without devices; return what it was."""
    return _product(platform.remove_product(product_key))


def switch(platform: Platform, *, product_key: str, on: bool) -> dict[str, Any]:
    """Turn dynamic registration on or off; return the product."""
    return _product(platform.set_dynamic_registration(product_key, on))


def device_add(
    platform: Platform, *, product_key: str, device_name: str, secret: str | None = None
) -> dict[str, str]:
    """Return the four strings of a device, pre-registered if it is not there."""
    device = platform.add_device(product_key, device_name, secret=secret)
    product = platform.product(product_key)
    return {
        "productKey": product.key,
        "productSecret": product.secret,
        "deviceName": device.name,
        "deviceSecret": device.secret,
    }


def device_list(platform: Platform, *, product_key: str | None = None) -> list[dict[str, Any]]:
    """Return all devices, or those of a product."""
    if product_key is not None:
        platform.product(product_key)
    return [_device(device) for device in platform.devices(product_key)]


def device_show(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Return a device."""
    return _device(platform.device(product_key, device_name))


def device_remove(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Delete a device; return what it was."""
    return _device(platform.remove_device(product_key, device_name))


def device_reset(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Let an activated device register again; return it."""
    return _device(platform.reset_device(product_key, device_name))


def device_enable(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Let a disabled device log in again; return it."""
    return _device(platform.enable_device(product_key, device_name))


def device_disable(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Refuse a device and end its sessions; return it."""
    return _device(platform.disable_device(product_key, device_name))


def device_clear(platform: Platform, *, product_key: str, device_name: str) -> dict[str, Any]:
    """Void every ClientID of a device; return it."""
    return _device(platform.clear_client_ids(product_key, device_name))


def device_keep(
    platform: Platform, *, product_key: str, device_name: str, client_id: str
) -> dict[str, Any]:
    """Let only one ClientID of a device connect; return the device."""
    return _device(platform.switch_client_id(product_key, device_name, client_id))


def access_key(platform: Platform) -> dict[str, str]:
    """Return the access key of the cloud API."""
    key = platform.access_key
    return {"accessKeyId": key.id, "accessKeySecret": key.secret}


def faults_add(platform: Platform, *, tables: list[Any], where: str) -> list[dict[str, Any]]:
    """Add faults, tables as in a scenario file; return all that may strike."""
    platform.faults.add_all(file.parse({"fault": tables}, where=where))
    return platform.faults.listed()


def faults_list(platform: Platform) -> list[dict[str, Any]]:
    """Return the faults that may still strike."""
    return platform.faults.listed()


def faults_clear(platform: Platform) -> list[dict[str, Any]]:
    """End all faults, on open connections too."""
    platform.faults.clear()
    return []


def events(
    platform: Platform,
    *,
    limit: int = 1000,
    **wanted: Any,
) -> list[dict[str, Any]]:
    """Return the newest `limit` events that match, oldest first; filters as of `EventLog`."""
    found = platform.log.select(**wanted)
    return [event.as_json() for event in found[-limit:]]


def events_after(
    platform: Platform, *, number: int, limit: int | None = None, **wanted: Any
) -> dict[str, Any]:
    """Return how many events there ever were, and those that match behind the first `number`.

    Filters as of `EventLog`; with a `limit`, only the newest so many.
    """
    count, found = platform.log.after(number, **wanted)
    newest = found if limit is None else found[-limit:]
    return {"number": count, "events": [event.as_json() for event in newest]}


OPERATIONS: dict[str, Callable[..., Any]] = (
    {
        operation.__name__: operation
        for operation in (
            product_add,
            product_list,
            product_show,
            product_remove,
            switch,
            device_add,
            device_list,
            device_show,
            device_remove,
            device_reset,
            device_enable,
            device_disable,
            device_clear,
            device_keep,
            faults_add,
            faults_list,
            faults_clear,
            access_key,
            events,
            events_after,
        )
    }
    | DOWNLINKS
    | UPGRADES
)


def _product(product: Product) -> dict[str, Any]:
    return {
        "productKey": product.key,
        "name": product.name,
        "nodeType": product.node_type,
        "dynamicRegistration": product.dynamic_registration,
        "instance": product.instance,
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "productKey": device.product_key,
        "deviceName": device.name,
        "iotId": device.iot_id,
        "status": device.status.value,
        "activated": device.activated,
        "clientIds": [
            {
                "clientId": one.client_id,
                "created": one.created,
                "firstConnected": one.first_connected,
                "blocked": one.blocked,
            }
            for one in device.client_ids
        ],
        "alert": device.alert,
        "properties": device.properties,
    }
