"""What a business server asks the platform to do with its devices, for callers of any thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from alink_sim.platform.core import Core
from alink_sim.platform.state.data_script import Script
from alink_sim.platform.state.entities import Device
from alink_sim.platform.topics import (
    downlink,
    remote_config,
    rrpc,
    sub_device_sessions,
    topic_names,
)
from alink_sim.platform.topics.rrpc import Rrpc

_T = TypeVar("_T")


class CloudSide(ABC):
    """The downlink half of a platform: messages, services, desired values, shadows."""

    _core: Core

    @abstractmethod
    def _to(self, product_key: str, device_name: str, action: Callable[[Device], _T]) -> _T:
        """Run an action on a device in the platform's loop. Raises RegistryError."""

    @abstractmethod
    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the platform's loop to its end."""

    def send(
        self, product_key: str, device_name: str, topic: str, payload: bytes, *, qos: int = 0
    ) -> int:
        """Send a message to a device; return to how many of its sessions it went.

        A topic that begins without a slash is the device's own, as on the board: "user/get".
        Raises RegistryError, as all of these do, for a device that does not exist.
        """
        topic = topic_names.whole(topic, product_key=product_key, device_name=device_name)
        return self._to(
            product_key,
            device_name,
            lambda device: self._core.send(device, topic, payload, qos=qos),
        )

    def set_properties(self, product_key: str, device_name: str, values: dict[str, Any]) -> str:
        """Send a property set; return the id that the device's answer will carry."""
        return self.call_service(product_key, device_name, "property/set", values)

    def call_service(self, product_key: str, device_name: str, service: str, params: Any) -> str:
        """Ask for a service; return the id that the device's answer will carry."""
        return self._to(
            product_key,
            device_name,
            lambda device: downlink.call(self._core, device, service, params)[0],
        )

    def set_desired(
        self, product_key: str, device_name: str, values: dict[str, Any]
    ) -> dict[str, int]:
        """Set desired values, pushed at once to a device that is online; return their versions."""
        return self._to(
            product_key,
            device_name,
            lambda device: downlink.set_desired(self._core, device, values)[1],
        )

    def set_shadow(
        self, product_key: str, device_name: str, desired: dict[str, Any], *, version: int
    ) -> int:
        """Set desired values of a device's shadow. Raises ShadowError 408 or 409 too."""
        return self._to(
            product_key,
            device_name,
            lambda device: downlink.set_shadow(self._core, device, desired, version=version),
        )

    def set_log_mode(self, product_key: str, device_name: str, *, wanted: bool) -> int:
        """Switch a device's log upload; return to how many sessions that went at once."""
        return self._to(
            product_key,
            device_name,
            lambda device: downlink.set_log_mode(self._core, device, wanted=wanted),
        )

    def set_config(self, product_key: str, content: bytes, *, url: str) -> int:
        """Give a product its remote config, which lies at `url`; return how many were told.

        Raises RegistryError, ConfigError for more than 64 KB.
        """

        async def run() -> int:
            product = self._core.registry.product(product_key)
            told = remote_config.put(self._core, product, content, url=url)
            await self._core.commits.settled()
            return told

        return self._run(run())

    def forget_config(self, product_key: str) -> None:
        """Take a product's remote config back; devices that ask are answered 6710."""

        async def run() -> None:
            remote_config.forget(self._core, self._core.registry.product(product_key))
            await self._core.commits.settled()

        self._run(run())

    def set_script(self, product_key: str, script: Script | None) -> None:
        """Give a product what parses its bytes, as long as this process runs; None takes it."""

        async def run() -> None:
            key = self._core.registry.product(product_key).key
            if script:
                self._core.scripts[key] = script
            else:
                self._core.scripts.pop(key, None)

        self._run(run())

    def broadcast(self, product_key: str, payload: bytes, *, topic: str = "") -> int:
        """Send to a product's devices; return to how many sessions it went.

        With a topic, `/broadcast/PK/...`, to those that subscribed to it; else to all online.
        """

        async def run() -> int:
            return downlink.broadcast(self._core, product_key, payload, topic=topic)

        return self._run(run())

    def ask_to_add(
        self, product_key: str, device_name: str, sub_devices: Iterable[tuple[str, str]]
    ) -> int:
        """Ask a gateway to take sub-devices, (ProductKey, DeviceName) each, into its topology.

        Returns to how many of its sessions that went.
        """
        wanted = list(sub_devices)
        return self._to(
            product_key,
            device_name,
            lambda gateway: sub_device_sessions.ask_to_add(self._core, gateway, wanted),
        )

    def sub_devices(self, product_key: str, device_name: str) -> list[Device]:
        """Return copies of a gateway's sub-devices."""
        return self._to(
            product_key,
            device_name,
            self._core.registry.sub_devices_of,
        )

    def gateway_of(self, product_key: str, device_name: str) -> Device | None:
        """Return a copy of a sub-device's gateway, None where it has none."""
        return self._to(
            product_key,
            device_name,
            self._core.registry.gateway_of,
        )

    def add_sub_device(
        self, product_key: str, device_name: str, *, gateway: tuple[str, str]
    ) -> None:
        """Give a device to a gateway, (ProductKey, DeviceName), which is told."""

        def relate(device: Device) -> None:
            owner = self._core.registry.device(*gateway)
            sub_device_sessions.relate(self._core, owner, device)

        self._to(product_key, device_name, relate)

    def remove_sub_device(self, product_key: str, device_name: str) -> None:
        """Take a device from its gateway, which is told; its session there ends."""
        self._to(
            product_key,
            device_name,
            lambda device: sub_device_sessions.separate(
                self._core, device, reason="the cloud deleted the topology"
            ),
        )

    def rrpc(
        self,
        product_key: str,
        device_name: str,
        payload: bytes,
        *,
        topic: str = "",
        timeout_ms: int = 5000,
    ) -> Rrpc:
        """Ask a device on its system topic, or on one of its own, and wait for the answer.

        A topic may be short, as for `send`. Raises ValueError for a timeout outside 1000..8000 ms.
        """
        if topic:
            topic = topic_names.whole(topic, product_key=product_key, device_name=device_name)

        async def run() -> Rrpc:
            device = self._core.registry.device(product_key, device_name)
            return await rrpc.ask(self._core, device, payload, topic=topic, timeout_ms=timeout_ms)

        return self._run(run())

    def call_service_sync(
        self,
        product_key: str,
        device_name: str,
        service: str,
        inputs: Any,
        *,
        timeout_ms: int = 5000,
    ) -> Rrpc:
        """Call a synchronous service and wait for its answer; raises as `rrpc` does."""

        async def run() -> Rrpc:
            device = self._core.registry.device(product_key, device_name)
            return await rrpc.call(self._core, device, service, inputs, timeout_ms=timeout_ms)

        return self._run(run())
