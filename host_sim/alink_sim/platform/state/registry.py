"""Products, devices and their life: plain state and rules, no wire.

docs/reference/protocol.md, "Dynamic registration" and "Cloud side". What changes is handed to
`on_change`, what goes to `on_remove`, so that a store can follow.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from alink_sim.platform.state.device_batches import Application
from alink_sim.platform.state.entities import (
    ClientId,
    Device,
    Entity,
    NodeType,
    Product,
    stamp,
)
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.settings import Settings

NAME = re.compile(r"[A-Za-z0-9\-_@.:]{4,32}")

_KEY = re.compile(r"[A-Za-z0-9]{1,20}")
_SECRET = re.compile(r"[\x21-\x7e]{1,64}")


class RegistryError(ValueError):
    """An operator asked for something the rules do not allow; the text says what to do."""


class Registry:
    """All products and devices of one platform."""

    def __init__(
        self,
        *,
        on_change: Callable[[Entity], None],
        on_remove: Callable[[Entity], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` returns seconds since 1970."""
        self.products: dict[str, Product] = {}
        self.devices: dict[tuple[str, str], Device] = {}
        self.applications: dict[str, Application] = {}
        self._by_iot_id: dict[str, Device] = {}
        self._on_change = on_change
        self._on_remove = on_remove
        self._now = now

    def load(
        self,
        products: Iterable[Product],
        devices: Iterable[Device],
        applications: Iterable[Application] = (),
    ) -> None:
        """Load the stored entities; all devices are offline."""
        self.products = {product.key: product for product in products}
        self.devices = {(device.product_key, device.name): device for device in devices}
        self.applications = {one.id: one for one in applications}
        self._by_iot_id = {device.iot_id: device for device in self.devices.values()}

    def put_back(self, entity: Product | Device | Application) -> None:
        """Take up an entity that was removed, without a word to the store."""
        if isinstance(entity, Product):
            self.products[entity.key] = entity
        elif isinstance(entity, Device):
            self.devices[entity.product_key, entity.name] = entity
            self._by_iot_id[entity.iot_id] = entity
        else:
            self.applications[entity.id] = entity

    def drop(self, entity: Product | Device | Application) -> None:
        """Forget an entity, without a word to the store."""
        if isinstance(entity, Product):
            del self.products[entity.key]
        elif isinstance(entity, Device):
            del self.devices[entity.product_key, entity.name]
            del self._by_iot_id[entity.iot_id]
        else:
            del self.applications[entity.id]

    # The operator's side

    def create_product(
        self,
        *,
        key: str | None = None,
        secret: str | None = None,
        name: str | None = None,
        node_type: int | None = None,
        dynamic_registration: bool | None = None,
        instance: str | None = None,
    ) -> Product:
        """Return the product with this key: made if it is not there, else changed as given.

        None means a generated value for a new product, no change for an existing one. Raises
        RegistryError.
        """
        product = self.products.get(key or "")
        if product is None:
            key = _checked(_KEY, "ProductKey", key or _new_key(), "1 to 20 letters and digits")
            product = Product(
                key=key, secret=_checked_secret("ProductSecret", secret, 16), name=key
            )
            stamp(product, self._now(), "created")
        elif secret not in (None, product.secret):
            raise RegistryError(
                f"product {key} exists with another ProductSecret: remove the product first, or "
                "leave the secret out"
            )
        if node_type not in (None, *NodeType):
            raise RegistryError(
                f"node_type is {node_type}; use 0 (directly connected device), 1 (gateway) or 2 "
                "(gateway sub-device)"
            )
        product.name = name or product.name
        product.node_type = product.node_type if node_type is None else node_type
        product.instance = product.instance if instance is None else instance
        if dynamic_registration is not None:
            product.dynamic_registration = dynamic_registration
        self.products[product.key] = product
        self._on_change(product)
        return product

    def remove_product(self, product_key: str) -> Product:
        """Delete a product that has no devices. Raises RegistryError."""
        product = self.product(product_key)
        if any(device.product_key == product_key for device in self.devices.values()):
            raise RegistryError(f"product {product_key} has devices: remove them first")
        del self.products[product_key]
        self._on_remove(product)
        for application in list(self.applications.values()):
            if application.product_key == product_key:
                del self.applications[application.id]
                self._on_remove(application)
        return product

    def set_dynamic_registration(self, product_key: str, *, on: bool) -> Product:
        """Turn the switch of a product; activated devices do not notice. Raises RegistryError."""
        product = self.product(product_key)
        product.dynamic_registration = on
        self._on_change(product)
        return product

    def add_device(self, product_key: str, name: str, *, secret: str | None = None) -> Device:
        """Return the device, pre-registered if it is not there. Raises RegistryError."""
        self.product(product_key)
        device = self.devices.get((product_key, name))
        if device is None:
            _checked(NAME, "DeviceName", name, "4 to 32 of letters, digits and -_@.:")
            return self._new_device(product_key, name, secret)
        if secret not in (None, device.secret):
            raise RegistryError(
                f"device {product_key}/{name} exists with another DeviceSecret: remove the device "
                "first, or leave the secret out"
            )
        return device

    def remove_device(self, product_key: str, name: str) -> Device:
        """Delete a device: its DeviceSecret and ClientIDs are void. Raises RegistryError."""
        device = self.device(product_key, name)
        self.drop(device)
        self._on_remove(device)
        return device

    def product(self, product_key: str) -> Product:
        """Return a product. Raises RegistryError."""
        if product_key not in self.products:
            raise RegistryError(f"there is no product {product_key}: create it first")
        return self.products[product_key]

    def device(self, product_key: str, name: str) -> Device:
        """Return a device. Raises RegistryError."""
        if (product_key, name) not in self.devices:
            raise RegistryError(f"there is no device {product_key}/{name}: add it first")
        return self.devices[product_key, name]

    def device_of(self, iot_id: str) -> Device | None:
        """Return the device with an IotId, if there is one."""
        return self._by_iot_id.get(iot_id)

    def set_enabled(self, product_key: str, name: str, *, enabled: bool) -> Device:
        """Disable a device, or enable it again. Raises RegistryError."""
        device = self.device(product_key, name)
        device.enabled = enabled
        stamp(device, self._now(), "changed")
        self._on_change(device)
        return device

    def reset_device(self, product_key: str, name: str) -> Device:
        """Allow an activated device to register again; its state in the console stays."""
        device = self.device(product_key, name)
        device.registered = False
        self._on_change(device)
        return device

    def clear_client_ids(self, product_key: str, name: str) -> Device:
        """Void every ClientID of a device; its boards must register again."""
        device = self.device(product_key, name)
        device.client_ids.clear()
        self._on_change(device)
        return device

    def switch_client_id(self, product_key: str, name: str, client_id: str) -> Device:
        """Let only this ClientID connect from now on. Raises RegistryError."""
        device = self.device(product_key, name)
        if client_id not in {one.client_id for one in device.client_ids}:
            raise RegistryError(f"device {product_key}/{name} has no ClientID {client_id}")
        for one in device.client_ids:
            one.blocked = one.client_id != client_id
        self._on_change(device)
        return device

    # The device's side

    def product_of(self, product_key: str) -> Product:
        """Return the product a device names. Raises RefusedError 6250."""
        if product_key not in self.products:
            raise RefusedError(Code.NO_PRODUCT, "product not found")
        return self.products[product_key]

    def register(self, product: Product, name: str, *, rotate_secret: bool = False) -> Device:
        """Pre-registration, the signature being good: return the device. Raises RefusedError."""
        _check_switch(product)
        device = self.devices.get((product.key, name))
        if device is None:
            raise RefusedError(Code.NO_DEVICE, "this DeviceName is not pre-registered")
        _check_enabled(device)
        if device.registered:
            raise RefusedError(
                Code.ACTIVATED, "device is already activated; reset it to register again"
            )
        if rotate_secret:
            device.secret = secrets.token_hex(16)
            self._on_change(device)
        return device

    def register_without_preregistration(
        self, product: Product, name: str, *, now: float, settings: Settings
    ) -> tuple[Device, ClientId]:
        """Preregistration-free, the signature being good: return device and issued pair.

        The first one makes the device. `now` in seconds since 1970. Raises RefusedError.
        """
        _check_switch(product)
        if not NAME.fullmatch(name):
            raise RefusedError(
                Code.PARAMETER, "DeviceName is not 4 to 32 of letters, digits and -_@.:"
            )
        device = self.devices.get((product.key, name)) or self._new_device(product.key, name, None)
        _check_enabled(device)
        if settings.regnwl_again == "same" and device.client_ids:
            return device, device.client_ids[-1]
        most = settings.max_client_ids
        if len(device.client_ids) >= most:
            raise RefusedError(
                None, f"all {most} ClientIDs of this DeviceName are issued; clear them"
            )
        issued = _new_client_id(settings, now)
        device.client_ids.append(issued)
        self._on_change(device)
        return device, issued

    def device_for_login(self, product_key: str, name: str) -> Device:
        """Return the device that logs in. Raises RefusedError."""
        self.product_of(product_key)
        device = self.devices.get((product_key, name))
        if device is None:
            raise RefusedError(Code.NO_DEVICE, "device not found")
        _check_enabled(device)
        return device

    def client_id_for_login(self, device: Device, client_id: str) -> ClientId:
        """Return the issued pair that logs in. Raises RefusedError."""
        for one in device.client_ids:
            if one.client_id == client_id:
                if one.blocked:
                    raise RefusedError(None, "another ClientID of this DeviceName was chosen")
                return one
        raise RefusedError(None, "unknown ClientID: it was cleared, or never issued")

    def log_in(self, device: Device, issued: ClientId | None, *, now: float) -> None:
        """Note a login: the first one activates the device and ends its registration."""
        if not device.registered:
            if not device.activated:
                stamp(device, now, "activated")
            device.activated = device.registered = True
            self._on_change(device)
        if issued and issued.first_connected is None:
            issued.first_connected = now
            self._on_change(device)

    def report(self, device: Device, values: dict[str, Any]) -> None:
        """Keep reported property values, and when each was reported."""
        device.properties.update(values)
        times = {**device.documents.get("reported", {}), **dict.fromkeys(values, self._now())}
        self.keep(device, "reported", times)

    def keep_application(self, application: Application) -> None:
        """Keep a batch as it is now."""
        self.applications[application.id] = application
        self._on_change(application)

    def gateway_of(self, device: Device) -> Device | None:
        """Return the gateway whose sub-device a device is, None without one."""
        if not (owner := device.documents.get("gateway")):
            return None
        product_key, name, iot_id = owner
        gateway = self.devices.get((product_key, name))
        # A gateway that was removed and added again is another device.
        return gateway if gateway and gateway.iot_id == iot_id else None

    def sub_devices_of(self, gateway: Device) -> list[Device]:
        """Return a gateway's sub-devices."""
        owner = _owner(gateway)
        return [one for one in self.devices.values() if one.documents.get("gateway") == owner]

    def set_gateway(self, device: Device, gateway: Device | None) -> None:
        """Make a device the sub-device of this gateway only; None removes the relation."""
        self.keep(device, "gateway", _owner(gateway) if gateway else None)

    def keep(self, entity: Product | Device, name: str, document: Any) -> None:
        """Keep a JSON document of a product or device under its name."""
        entity.documents = {**entity.documents, name: document}
        self._on_change(entity)

    def _new_device(self, product_key: str, name: str, secret: str | None) -> Device:
        device = Device(
            product_key=product_key,
            name=name,
            secret=_checked_secret("DeviceSecret", secret, 32),
            iot_id=secrets.token_hex(12) + "000100",
        )
        stamp(device, self._now(), "created")
        self.devices[product_key, name] = device
        self._by_iot_id[device.iot_id] = device
        self._on_change(device)
        return device


def _owner(gateway: Device) -> list[str]:
    return [gateway.product_key, gateway.name, gateway.iot_id]


def _check_switch(product: Product) -> None:
    if not product.dynamic_registration:
        raise RefusedError(
            Code.SWITCHED_OFF, "dynamic registration is switched off for this product"
        )


def _check_enabled(device: Device) -> None:
    if not device.enabled:
        raise RefusedError(Code.DISABLED, "device is disabled")


def _new_client_id(settings: Settings, now: float) -> ClientId:
    opaque, tail = secrets.token_hex(32), "000100"
    return ClientId(
        client_id=opaque[: settings.client_id_length - len(tail)] + tail,
        token=secrets.token_hex(settings.device_token_length // 2),
        created=now,
    )


def _new_key() -> str:
    return "a1" + secrets.token_hex(5)[:9]


def _checked(pattern: re.Pattern[str], what: str, value: str, rule: str) -> str:
    if not pattern.fullmatch(value):
        raise RegistryError(f"{what} {value!r} is not allowed: write {rule}")
    return value


def _checked_secret(what: str, secret: str | None, length: int) -> str:
    """Return a given secret, or a new one of `length` hex digits; never shows it."""
    if secret is None:
        return secrets.token_hex(length // 2)
    if not _SECRET.fullmatch(secret):
        raise RegistryError(
            f"{what} of {len(secret)} characters is not allowed: write 1 to 64 printable "
            "characters without blanks"
        )
    return secret
