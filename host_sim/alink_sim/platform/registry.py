"""Products, devices and their life: plain state and rules, no wire.

docs/protocol.md, sections "Dynamic registration" and "Cloud side". Every change is handed to
`on_change` as the object that changed, so that a store can keep it.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_CLIENT_IDS = 5

_ALPHANUMERIC = string.ascii_letters + string.digits
_KEY = re.compile(r"[A-Za-z0-9]{1,20}")
_SECRET = re.compile(r"[\x21-\x7e]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9\-_@.:]{4,32}")


class RegistryError(ValueError):
    """An operator asked for something the rules do not allow; the text says what to do."""


class RefusedError(Exception):
    """A device's request is refused; `code` is the vendor's, None where it has none."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Status(StrEnum):
    """A device's state as the console names it."""

    INACTIVE = "Inactive"
    ONLINE = "Online"
    OFFLINE = "Offline"
    DISABLED = "Disabled"


@dataclass
class Product:
    """A product; `node_type` 0 is a device, 1 a gateway. `instance` "" is the old public one."""

    key: str
    secret: str = field(repr=False)
    name: str
    node_type: int = 0
    dynamic_registration: bool = True
    instance: str = ""


@dataclass
class ClientId:
    """One (ClientID, DeviceToken) that a preregistration-free registration issued."""

    client_id: str
    token: str = field(repr=False)
    created: float
    first_connected: float | None = None
    blocked: bool = False


@dataclass
class Device:
    """A device. `registered_by_itself`: made by a preregistration-free registration."""

    product_key: str
    name: str
    secret: str = field(repr=False)
    iot_id: str
    activated: bool = False
    enabled: bool = True
    connections: int = 0
    client_ids: list[ClientId] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Return the state that the console shows."""
        if not self.enabled:
            return Status.DISABLED
        if self.connections:
            return Status.ONLINE
        return Status.OFFLINE if self.activated else Status.INACTIVE


class Registry:
    """All products and devices of one platform."""

    def __init__(self, *, on_change: Callable[[Product | Device], None] | None = None) -> None:
        self.products: dict[str, Product] = {}
        self.devices: dict[tuple[str, str], Device] = {}
        self._on_change = on_change or (lambda _thing: None)

    def load(self, products: Iterable[Product], devices: Iterable[Device]) -> None:
        """Take up what a store kept; nobody is online."""
        self.products = {product.key: product for product in products}
        self.devices = {(device.product_key, device.name): device for device in devices}

    # The operator's side

    def create_product(
        self,
        *,
        key: str | None = None,
        secret: str | None = None,
        name: str | None = None,
        node_type: int = 0,
        dynamic_registration: bool = True,
        instance: str = "",
    ) -> Product:
        """Return the product with this key, made if it is not there. Raises RegistryError."""
        key = key or "a1" + _random(9)
        secret = secret or _random(16)
        _check(_KEY, "ProductKey", key, "1 to 20 letters and digits")
        _check(_SECRET, "ProductSecret", secret, "1 to 64 printable characters", hide=True)
        product = self.products.get(key)
        if product and product.secret != secret:
            raise RegistryError(
                f"product {key} exists with another ProductSecret; remove it first"
            )
        if product is None:
            product = Product(key=key, secret=secret, name=name or key)
        product.name = name or product.name
        product.node_type = node_type
        product.dynamic_registration = dynamic_registration
        product.instance = instance
        self.products[key] = product
        self._on_change(product)
        return product

    def set_dynamic_registration(self, product_key: str, *, on: bool) -> Product:
        """Turn the switch of a product; activated devices do not notice."""
        product = self.product(product_key)
        product.dynamic_registration = on
        self._on_change(product)
        return product

    def add_device(self, product_key: str, name: str, *, secret: str | None = None) -> Device:
        """Return the device, pre-registered if it is not there. Raises RegistryError."""
        self.product(product_key)
        _check(_NAME, "DeviceName", name, "4 to 32 of letters, digits and -_@.:")
        device = self.devices.get((product_key, name))
        if device is None:
            device = self._new_device(product_key, name, secret or secrets.token_hex(16))
        elif secret and device.secret != secret:
            raise RegistryError(f"{product_key}/{name} exists with another DeviceSecret")
        self._on_change(device)
        return device

    def product(self, product_key: str) -> Product:
        """Return a product. Raises RegistryError."""
        if product_key not in self.products:
            raise RegistryError(f"there is no product {product_key}; create it first")
        return self.products[product_key]

    def device(self, product_key: str, name: str) -> Device:
        """Return a device. Raises RegistryError."""
        if (product_key, name) not in self.devices:
            raise RegistryError(f"there is no device {product_key}/{name}; add it first")
        return self.devices[product_key, name]

    def set_enabled(self, product_key: str, name: str, *, enabled: bool) -> Device:
        """Disable a device, or enable it again."""
        device = self.device(product_key, name)
        device.enabled = enabled
        self._on_change(device)
        return device

    def reset_device(self, product_key: str, name: str) -> Device:
        """Allow an activated device to register again; its console state stays."""
        device = self.device(product_key, name)
        device.activated = False
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
            raise RegistryError(f"{product_key}/{name} has no ClientID {client_id}")
        for one in device.client_ids:
            one.blocked = one.client_id != client_id
        self._on_change(device)
        return device

    # The device's side

    def product_for_registration(self, product_key: str) -> Product:
        """Return the product a registration is for. Raises RefusedError 6250."""
        if product_key not in self.products:
            raise RefusedError(6250, "product not found")
        return self.products[product_key]

    def register(self, product: Product, name: str, *, rotate_secret: bool = False) -> Device:
        """Pre-registration, the signature being good: return the device. Raises RefusedError."""
        self._check_switch(product)
        device = self.devices.get((product.key, name))
        if device is None:
            raise RefusedError(6100, "device not found: its DeviceName was never registered")
        self._check_enabled(device)
        if device.activated:
            raise RefusedError(6289, "device is already activated; reset it to register again")
        if rotate_secret:
            device.secret = secrets.token_hex(16)
        self._on_change(device)
        return device

    def register_without_preregistration(
        self, product: Product, name: str, now: float
    ) -> tuple[Device, ClientId]:
        """Preregistration-free, the signature being good: return device and issued pair."""
        self._check_switch(product)
        if not _NAME.fullmatch(name):
            raise RefusedError(460, "DeviceName has characters or a length that are not allowed")
        device = self.devices.get((product.key, name))
        if device is None:
            device = self._new_device(product.key, name, secrets.token_hex(16))
        self._check_enabled(device)
        if len(device.client_ids) >= MAX_CLIENT_IDS:
            raise RefusedError(
                None, f"{MAX_CLIENT_IDS} ClientIDs are in use for this DeviceName; clear them"
            )
        issued = ClientId(client_id=_random(16) + "000100", token=_random(32), created=now)
        device.client_ids.append(issued)
        self._on_change(device)
        return device, issued

    def device_for_login(self, product_key: str, name: str) -> Device:
        """Return the device that logs in. Raises RefusedError."""
        if product_key not in self.products:
            raise RefusedError(6250, "product not found")
        device = self.devices.get((product_key, name))
        if device is None:
            raise RefusedError(6100, "device not found")
        self._check_enabled(device)
        return device

    def client_id_for_login(self, device: Device, client_id: str) -> ClientId:
        """Return the issued pair that logs in. Raises RefusedError."""
        for one in device.client_ids:
            if one.client_id == client_id:
                if one.blocked:
                    raise RefusedError(None, "this ClientID was switched off for another one")
                return one
        raise RefusedError(None, "unknown ClientID: it was cleared, or never issued")

    def online(self, device: Device, issued: ClientId | None, now: float) -> None:
        """Note a login: the first one activates the device."""
        device.connections += 1
        if not device.activated or (issued and issued.first_connected is None):
            device.activated = True
            if issued and issued.first_connected is None:
                issued.first_connected = now
            self._on_change(device)

    def offline(self, device: Device) -> None:
        """Note the end of a session."""
        device.connections = max(0, device.connections - 1)

    def report(self, device: Device, values: dict[str, Any]) -> None:
        """Keep reported property values."""
        device.properties.update(values)
        self._on_change(device)

    def _new_device(self, product_key: str, name: str, secret: str) -> Device:
        _check(_SECRET, "DeviceSecret", secret, "1 to 64 printable characters", hide=True)
        device = Device(
            product_key=product_key, name=name, secret=secret, iot_id=_random(25) + "000100"
        )
        self.devices[product_key, name] = device
        return device

    def _check_switch(self, product: Product) -> None:
        if not product.dynamic_registration:
            raise RefusedError(6288, "dynamic registration is switched off for this product")

    def _check_enabled(self, device: Device) -> None:
        if not device.enabled:
            raise RefusedError(6204, "device is disabled")


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))


def _check(
    pattern: re.Pattern[str], what: str, value: str, rule: str, *, hide: bool = False
) -> None:
    if not pattern.fullmatch(value):
        shown = f"of {len(value)} characters" if hide else repr(value)
        raise RegistryError(f"{what} {shown} is not allowed: it takes {rule}")
