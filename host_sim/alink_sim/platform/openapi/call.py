"""One call of the cloud API: its parameters as an action reads them, and what they name."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.core import Core
from alink_sim.platform.openapi.errors import ApiError, invalid, missing
from alink_sim.platform.openapi.gate import Gate
from alink_sim.platform.state.entities import Device, Product

Response = dict[str, Any]

_ANY = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True)
class Call:
    """A call whose signature is good."""

    core: Core
    gate: Gate
    action: str
    parameters: dict[str, str]

    def text(self, name: str) -> str:
        """Return a parameter, "" where it is left out."""
        return self.parameters.get(name, "")

    def needed(self, name: str) -> str:
        """Return a parameter. Raises GatewayError where it is left out or empty."""
        if not self.text(name):
            raise missing(name)
        return self.text(name)

    def number(self, name: str, default: int | None = None, *, among: range = _ANY) -> int:
        """Return a whole number. Raises GatewayError; without a default it is mandatory."""
        if not self.text(name) and default is not None:
            return default
        try:
            number = int(self.needed(name))
        except ValueError:
            number = among.stop
        if number not in among:
            raise invalid(name)
        return number

    def switch(self, name: str, *, default: bool) -> bool:
        """Return a parameter that is true or false. Raises GatewayError."""
        return self.choice(name, ("true", "false"), str(default).lower()) == "true"

    def choice(self, name: str, among: Sequence[str], default: str) -> str:
        """Return a parameter that is one of some words. Raises GatewayError."""
        word = self.text(name) or default
        found = next((one for one in among if one.lower() == word.lower()), None)
        if found is None:
            raise invalid(name)
        return found

    def listed(self, name: str, field: str = "") -> list[str]:
        """Return `NAME.1`, `NAME.2` ..., of each its field, up to the first that is not there."""
        found: list[str] = []
        tail = f".{field}" if field else ""
        while (value := self.parameters.get(f"{name}.{len(found) + 1}{tail}")) is not None:
            found.append(value)
        return found

    def item(self, name: str, number: int) -> Call | None:
        """Return the call that an item of a list of objects, `NAME.1.FIELD` ..., stands for.

        It has the item's fields and the call's instance; None where there is no such item.
        """
        prefix = f"{name}.{number}."
        fields = {
            key.removeprefix(prefix): value
            for key, value in self.parameters.items()
            if key.startswith(prefix)
        }
        if not fields:
            return None
        return replace(self, parameters={"IotInstanceId": self.text("IotInstanceId"), **fields})

    def check_rate(self, what: str, *, seconds: float) -> None:
        """Return if a part of an action may be called once more now. Raises GatewayError."""
        self.gate.check_rate(f"{self.action} {what}", 1, seconds=seconds)

    def document(self, name: str) -> dict[str, Any]:
        """Return a parameter that is a JSON object. Raises ApiError."""
        try:
            document = bounded_json.loads(self.needed(name))
        except JsonError:
            document = None
        if not isinstance(document, dict):
            raise ApiError("iot.common.InvalidFormattedParameter", f"{name} is not a JSON object")
        return document

    def decoded(self, name: str) -> bytes:
        """Return a message that came as Base64. Raises ApiError."""
        text = self.text(name)
        if not text:
            raise ApiError("iot.messagebroker.NullMessageContent")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ApiError("iot.messagebroker.MessageContentIsNotBase64Encode") from error

    def product(self, name: str = "ProductKey") -> Product:
        """Return the product a parameter names, if the call's instance has it. Raises ApiError."""
        return self.product_with(self.text(name))

    def product_with(self, key: str) -> Product:
        """Return the product with a ProductKey. Raises ApiError."""
        if not key:
            raise ApiError("iot.prod.NullProductKey")
        product = self.core.registry.products.get(key)
        if product is None or product.instance != self.instance():
            raise ApiError("iot.prod.NotExistedProduct")
        return product

    def device(self, prefix: str = "") -> Device:
        """Return the device that IotId, or else ProductKey and DeviceName, name.

        `prefix` stands before each of the three. Raises ApiError.
        """
        if iot_id := self.text(f"{prefix}IotId"):
            return self.device_with(iot_id)
        product = self.product(f"{prefix}ProductKey")
        return self.device_in(product, self.text(f"{prefix}DeviceName"))

    def device_with(self, iot_id: str) -> Device:
        """Return the device with an IotId. Raises ApiError."""
        registry = self.core.registry
        device = registry.device_of(iot_id)
        if device and registry.products[device.product_key].instance == self.instance():
            return device
        raise ApiError("iot.device.NotExistedDevice")

    def device_in(self, product: Product, name: str) -> Device:
        """Return a product's device. Raises ApiError."""
        if not name:
            raise ApiError("iot.device.NullDeviceName")
        device = self.core.registry.devices.get((product.key, name))
        if device is None:
            raise ApiError("iot.device.NotExistedDevice")
        return device

    def instance(self) -> str:
        """Return the instance a call is for, "" for the old public one. Raises ApiError."""
        wanted = self.text("IotInstanceId")
        if wanted not in {one.instance for one in self.core.registry.products.values()} | {""}:
            raise ApiError("iot.Sre.IotInstanceNotFound")
        return wanted


@dataclass(frozen=True)
class ApiAction:
    """The function of an action, its calls a second, and its required parameters."""

    run: Callable[[Call], Awaitable[Response]]
    per_second: int
    needs: tuple[str, ...] = ()
