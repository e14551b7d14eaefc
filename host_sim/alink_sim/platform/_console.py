"""The actions of an operator in the vendor's console: `Platform.console`."""

from __future__ import annotations

from typing import Any

from alink_sim import thing_model
from alink_sim.platform import lifecycle
from alink_sim.platform._runner import Runner
from alink_sim.platform.core import Core
from alink_sim.platform.state.data_script import Script
from alink_sim.platform.state.entities import ClientId, Device, Product
from alink_sim.platform.state.instances import Instance
from alink_sim.platform.state.refusal import RefusedError
from alink_sim.platform.state.registry import Registry, RegistryError


class Console:
    """Products, devices and their life. Call it from any thread but the platform's own.

    All methods return copies and raise RegistryError for a product or device that does not exist.
    """

    def __init__(self, core: Core, runner: Runner) -> None:
        self._core = core
        self._runner = runner

    # Products

    def create_product(
        self,
        *,
        key: str | None = None,
        secret: str | None = None,
        name: str | None = None,
        node_type: int | None = None,
        dynamic_registration: bool | None = None,
        instance: str | Instance | None = None,
    ) -> Product:
        """Return the product with this key: created if it does not exist, else changed as given.

        `node_type`: 0 directly connected device, 1 gateway, 2 gateway sub-device. A new product
        has Dynamic Registration on and belongs to the old public instance. An `Instance` says
        what it can do; of an id alone the kind is public: no preregistration-free devices.
        """

        def change(registry: Registry) -> Product:
            product = registry.create_product(
                key=key,
                secret=secret,
                name=name,
                node_type=node_type,
                dynamic_registration=dynamic_registration,
                instance=instance.id if isinstance(instance, Instance) else instance,
            )
            if isinstance(instance, Instance):
                registry.keep(product, *instance.document)
            return product

        return self._runner.change(change)

    def remove_product(self, product_key: str) -> Product:
        """Delete a product that has no devices."""
        return self._runner.change(lambda registry: registry.remove_product(product_key))

    def product(self, product_key: str) -> Product:
        """Return a product."""
        return self._runner.look(lambda: self._core.registry.product(product_key))

    def products(self) -> list[Product]:
        """Return all products."""
        return self._runner.look(lambda: list(self._core.registry.products.values()))

    def send_verification_code(self, product_key: str) -> None:
        """Send the code that confirms a switch of Dynamic Registration.

        The vendor sends an SMS; here the event `verification_code_sent` has the code.
        """

        def change(registry: Registry) -> None:
            product = registry.product(product_key)
            code = self._core.codes.send(product.key)
            self._core.note_about("verification_code_sent", product, code_sent=code)

        self._runner.change(change)

    def set_dynamic_registration(
        self,
        product_key: str,
        on: bool,  # noqa: FBT001 (its only meaning)
        *,
        code: str | None = None,
    ) -> Product:
        """Turn a product's Dynamic Registration on or off.

        A verification code is checked if one is given. Raises VerificationError too.
        """

        def change(registry: Registry) -> Product:
            if code is not None:
                self._core.codes.check(registry.product(product_key).key, code)
            return registry.set_dynamic_registration(product_key, on=on)

        return self._runner.change(change)

    def set_thing_model(self, product_key: str, document: Any) -> Product:
        """Give a product its thing model, the parsed JSON of the console's export.

        The platform then validates what devices report. Raises ThingModelError too.
        """
        thing_model.parse(document)

        def change(registry: Registry) -> Product:
            product = registry.product(product_key)
            registry.keep(product, "thing", document)
            return product

        return self._runner.change(change)

    def set_instance(self, product_key: str, instance: Instance) -> Product:
        """Move a product to an instance, whose rules its devices then meet."""

        def change(registry: Registry) -> Product:
            key = registry.product(product_key).key
            product = registry.create_product(key=key, instance=instance.id)
            registry.keep(product, *instance.document)
            return product

        return self._runner.change(change)

    def set_script(self, product_key: str, script: Script | None) -> None:
        """Give a product its parsing script until this process ends; None takes it away."""

        def change(registry: Registry) -> None:
            key = registry.product(product_key).key
            if script:
                self._core.scripts[key] = script
            else:
                self._core.scripts.pop(key, None)

        self._runner.change(change)

    # Devices

    def add_device(
        self, product_key: str, device_name: str, *, secret: str | None = None
    ) -> Device:
        """Return the device, pre-registered if it does not exist."""
        return self._runner.change(
            lambda registry: registry.add_device(product_key, device_name, secret=secret)
        )

    def device(self, product_key: str, device_name: str) -> Device:
        """Return a device as it is now."""
        return self._runner.look(lambda: self._core.registry.device(product_key, device_name))

    def devices(self, product_key: str | None = None) -> list[Device]:
        """Return all devices, or those of a product."""

        def read() -> list[Device]:
            registry = self._core.registry
            if product_key is None:
                return list(registry.devices.values())
            key = registry.product(product_key).key
            return [one for one in registry.devices.values() if one.product_key == key]

        return self._runner.look(read)

    def client_ids_in_use(self, product_key: str, device_name: str) -> set[str]:
        """Return the ClientIDs of a device's current connections."""

        def read() -> set[str]:
            device = self._core.registry.device(product_key, device_name)
            issued = (one.issued for one in self._core.sessions.of(device))
            return {one.client_id for one in issued if one}

        return self._runner.look(read)

    def remove_device(self, product_key: str, device_name: str) -> Device:
        """Delete a device and end its sessions."""
        return self._runner.carry_out(lifecycle.remove(product_key, device_name))

    def enable_device(self, product_key: str, device_name: str) -> Device:
        """Let a disabled device log in again."""
        return self._runner.carry_out(lifecycle.enable(product_key, device_name))

    def disable_device(self, product_key: str, device_name: str) -> Device:
        """End a device's sessions and refuse its logins."""
        return self._runner.carry_out(lifecycle.disable(product_key, device_name))

    def reset_device(self, product_key: str, device_name: str) -> Device:
        """Let an activated device register again."""
        return self._runner.carry_out(lifecycle.reset(product_key, device_name))

    def clear_client_ids(self, product_key: str, device_name: str) -> Device:
        """Void all ClientIDs of a device and end their sessions (the console's Clear)."""
        return self._runner.carry_out(lifecycle.clear(product_key, device_name))

    def switch_client_id(self, product_key: str, device_name: str, client_id: str) -> Device:
        """Let only this ClientID log in and end the others' sessions (the console's Switch)."""
        return self._runner.carry_out(lifecycle.switch(product_key, device_name, client_id))

    def issue_client_id(self, product_key: str, device_name: str) -> ClientId:
        """Issue a (ClientID, DeviceToken) as a preregistration-free registration does."""

        def change(registry: Registry) -> ClientId:
            product = registry.product(product_key)
            try:
                return registry.register_without_preregistration(
                    product,
                    device_name,
                    now=self._core.clock.time(),
                    settings=self._core.settings,
                )[1]
            except RefusedError as refusal:
                raise RegistryError(refusal.reason) from refusal

        return self._runner.change(change)
