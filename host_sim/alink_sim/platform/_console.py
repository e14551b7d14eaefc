"""What an operator does with products and devices, for callers of any thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from alink_sim import thing_model
from alink_sim.platform import lifecycle
from alink_sim.platform.core import Core
from alink_sim.platform.lifecycle import Step
from alink_sim.platform.state.entities import ClientId, Device, Product
from alink_sim.platform.state.instances import Instance
from alink_sim.platform.state.refusal import RefusedError
from alink_sim.platform.state.registry import RegistryError

_T = TypeVar("_T")


class OperatorSide(ABC):
    """The console's half of a platform: products, devices, their life."""

    _core: Core

    @abstractmethod
    def _change(self, action: Callable[[], _T]) -> _T:
        """Run an action on the registry in the loop; return a copy of what it made, at rest."""

    @abstractmethod
    def _carry_out(self, step: Step[_T]) -> _T:
        """Carry a step out in the loop; return a copy of what it made."""

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

        New ones have dynamic registration on and belong to no instance. Raises RegistryError.
        """
        return self._change(
            lambda: self._core.registry.create_product(
                key=key,
                secret=secret,
                name=name,
                node_type=node_type,
                dynamic_registration=dynamic_registration,
                instance=instance,
            )
        )

    def remove_product(self, product_key: str) -> Product:
        """Delete a product that has no devices. Raises RegistryError."""
        return self._change(lambda: self._core.registry.remove_product(product_key))

    def set_dynamic_registration(self, product_key: str, on: bool) -> Product:  # noqa: FBT001
        """Turn the switch of a product. Raises RegistryError."""
        return self._change(
            lambda: self._core.registry.set_dynamic_registration(product_key, on=on)
        )

    def add_device(
        self, product_key: str, device_name: str, *, secret: str | None = None
    ) -> Device:
        """Return the device, pre-registered if it is not there. Raises RegistryError."""
        return self._change(
            lambda: self._core.registry.add_device(product_key, device_name, secret=secret)
        )

    def remove_device(self, product_key: str, device_name: str) -> Device:
        """Delete a device and end its sessions. Raises RegistryError."""
        return self._carry_out(lifecycle.removing(product_key, device_name))

    def enable_device(self, product_key: str, device_name: str) -> Device:
        """Let a disabled device log in again. Raises RegistryError."""
        return self._carry_out(lifecycle.enabling(product_key, device_name))

    def disable_device(self, product_key: str, device_name: str) -> Device:
        """End a device's sessions and refuse it from now on. Raises RegistryError."""
        return self._carry_out(lifecycle.disabling(product_key, device_name))

    def reset_device(self, product_key: str, device_name: str) -> Device:
        """Allow an activated device to register again. Raises RegistryError."""
        return self._carry_out(lifecycle.resetting(product_key, device_name))

    def clear_client_ids(self, product_key: str, device_name: str) -> Device:
        """Void every ClientID of a device and end their sessions. Raises RegistryError."""
        return self._carry_out(lifecycle.clearing(product_key, device_name))

    def switch_client_id(self, product_key: str, device_name: str, client_id: str) -> Device:
        """Let only this ClientID connect; the others' sessions end. Raises RegistryError."""
        return self._carry_out(lifecycle.switching(product_key, device_name, client_id))

    def issue_client_id(self, product_key: str, device_name: str) -> ClientId:
        """Issue a (ClientID, DeviceToken) as a registration does. Raises RegistryError."""

        def issue() -> ClientId:
            product = self._core.registry.product(product_key)
            try:
                return self._core.registry.register_without_preregistration(
                    product,
                    device_name,
                    now=self._core.clock.time(),
                    settings=self._core.settings,
                )[1]
            except RefusedError as refusal:
                raise RegistryError(refusal.reason) from refusal

        return self._change(issue)

    def set_thing_model(self, product_key: str, document: Any) -> Product:
        """Give a product its thing model (the parsed JSON of the console's export).

        What devices report is then validated by it. Raises ThingModelError too.
        """
        thing_model.parse(document)

        def keep() -> Product:
            product = self._core.registry.product(product_key)
            self._core.registry.keep(product, "thing", document)
            return product

        return self._change(keep)

    def set_instance(self, product_key: str, instance: Instance) -> Product:
        """Put a product on an instance, whose rules its devices meet. Raises RegistryError."""

        def keep() -> Product:
            product = self._core.registry.create_product(
                key=self._core.registry.product(product_key).key, instance=instance.id
            )
            self._core.registry.keep(product, *instance.document)
            return product

        return self._change(keep)
