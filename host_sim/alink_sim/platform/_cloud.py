"""The actions of a business server: `Platform.cloud`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from alink_sim.platform._runner import Runner
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device, Product
from alink_sim.platform.state.registry import Registry, RegistryError
from alink_sim.platform.topics import (
    broadcasts,
    device_jobs,
    downlink,
    file_uploads,
    remote_config,
    rrpc,
    sub_device_sessions,
    topic_names,
)
from alink_sim.platform.topics.device_jobs import DeviceJob, JobTask
from alink_sim.platform.topics.file_uploads import DeviceFile
from alink_sim.platform.topics.rrpc import Rrpc
from alink_sim.platform.topics.shadow import Shadow

_T = TypeVar("_T")


class Cloud:
    """Messages, services, desired values, shadows, sub-devices. Call it as `Console`.

    All methods return copies and raise RegistryError for a product or device that does not exist.
    """

    def __init__(self, core: Core, runner: Runner) -> None:
        self._core = core
        self._runner = runner

    # Messages

    def send(
        self, product_key: str, device_name: str, topic: str, payload: bytes, *, qos: int = 0
    ) -> int:
        """Send a message to a device; return how many of its sessions it went to.

        A topic that begins without a slash is the device's own, as on the board: "user/get".
        """
        topic = topic_names.whole(topic, product_key=product_key, device_name=device_name)
        return self._with(
            product_key,
            device_name,
            lambda device: self._core.send(device, topic, payload, qos=qos),
        )

    def broadcast(self, product_key: str, payload: bytes, *, topic: str = "") -> int:
        """Send to a product's devices; return how many sessions it went to.

        With a topic, `/broadcast/PK/...`, it goes to those that subscribed to it, else to all that
        are online.
        """
        return self._runner.change(
            lambda _: downlink.broadcast(self._core, product_key, payload, topic=topic)
        )

    def repeat_broadcast(
        self, product_key: str, payload: bytes, *, topic: str = "", seconds: float
    ) -> None:
        """Send a broadcast each `seconds` until the platform stops; the same one runs once."""
        self._runner.change(
            lambda registry: broadcasts.repeat(
                self._core, registry.product(product_key), payload, topic=topic, seconds=seconds
            )
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
        """Send a request on the RRPC topic or on a custom topic, and wait for the reply.

        A topic may be short, as for `send`. Raises ValueError for a timeout outside 1000..8000 ms.
        """
        if topic:
            topic = topic_names.whole(topic, product_key=product_key, device_name=device_name)

        async def work() -> Rrpc:
            device = self._core.registry.device(product_key, device_name)
            return await rrpc.ask(self._core, device, payload, topic=topic, timeout_ms=timeout_ms)

        return self._runner.run(work())

    # Thing model

    def set_properties(self, product_key: str, device_name: str, values: dict[str, Any]) -> str:
        """Send a property set; return the id that the device's reply will carry.

        Raises RegistryError, as the cloud API refuses, for values that the thing model does not
        allow. `send` sends anything.
        """

        def change(device: Device) -> str:
            _allow(downlink.why_not_set(self._core, device, values))
            return downlink.call(self._core, device, "property/set", values)[0]

        return self._with(product_key, device_name, change)

    def call_service(self, product_key: str, device_name: str, service: str, inputs: Any) -> str:
        """Call an asynchronous service; return the id that the device's reply will carry.

        Raises RegistryError for inputs that the thing model does not allow.
        """

        def change(device: Device) -> str:
            _allow(downlink.why_not_called(self._core, device, service, inputs))
            return downlink.call(self._core, device, service, inputs)[0]

        return self._with(product_key, device_name, change)

    def call_service_sync(
        self,
        product_key: str,
        device_name: str,
        service: str,
        inputs: Any,
        *,
        timeout_ms: int = 5000,
    ) -> Rrpc:
        """Call a synchronous service and wait for its reply.

        Raises as `rrpc` and `call_service`.
        """

        async def work() -> Rrpc:
            device = self._core.registry.device(product_key, device_name)
            _allow(downlink.why_not_called(self._core, device, service, inputs))
            return await rrpc.call(self._core, device, service, inputs, timeout_ms=timeout_ms)

        return self._runner.run(work())

    def set_desired(
        self, product_key: str, device_name: str, values: dict[str, Any]
    ) -> dict[str, int]:
        """Set desired values, sent at once to a device that is online; return their versions.

        Raises RegistryError for values that the thing model does not allow.
        """

        def change(device: Device) -> dict[str, int]:
            _allow(downlink.why_not_set(self._core, device, values))
            return downlink.set_desired(self._core, device, values)[1]

        return self._with(product_key, device_name, change)

    # Shadow, log, config

    def shadow(self, product_key: str, device_name: str) -> Shadow:
        """Return a device's shadow."""
        return self._runner.look(
            lambda: Shadow.of(self._core.registry.device(product_key, device_name))
        )

    def set_shadow(
        self,
        product_key: str,
        device_name: str,
        desired: dict[str, Any],
        *,
        version: int | None = None,
    ) -> int:
        """Set desired values of a device's shadow; return how many sessions it went to.

        Without a version it is the next one. Raises ShadowError 408 or 409 too.
        """

        def change(device: Device) -> int:
            number = Shadow.of(device).version + 1 if version is None else version
            return downlink.set_shadow(self._core, device, desired, version=number)

        return self._with(product_key, device_name, change)

    def set_log_mode(self, product_key: str, device_name: str, *, on: bool) -> int:
        """Switch a device's log upload; return how many of its sessions got the message."""
        return self._with(
            product_key,
            device_name,
            lambda device: downlink.set_log_mode(self._core, device, wanted=on),
        )

    def set_config(self, product_key: str, content: bytes, *, url: str = "") -> int:
        """Give a product its remote config, which devices fetch from `url`, or from the platform.

        Returns how many devices got the push. Raises ConfigError for more than 64 KB.
        """
        return self._runner.change(
            lambda registry: remote_config.put(
                self._core, registry.product(product_key), content, url=url
            )
        )

    def forget_config(self, product_key: str) -> None:
        """Withdraw a product's remote config; devices that ask for it get code 6710."""
        self._runner.change(
            lambda registry: remote_config.forget(self._core, registry.product(product_key))
        )

    # Device jobs

    def create_job(
        self,
        product_key: str,
        device_names: Iterable[str],
        document: dict[str, Any],
        *,
        file: bytes = b"",
        sign_method: str = "Sha256",
    ) -> DeviceJob:
        """Give devices of a product a job: a document, and perhaps a file. Return it.

        The platform notifies those that are online. Raises JobError for a document above 64 KB, no
        device, or a device with 100 unfinished tasks.
        """
        names = list(device_names)

        def change(registry: Registry) -> DeviceJob:
            return device_jobs.create(
                self._core,
                registry.product(product_key),
                [registry.device(product_key, name) for name in names],
                document,
                file=file,
                sign_method=sign_method,
            )

        return self._runner.change(change)

    def jobs(self, product_key: str) -> list[DeviceJob]:
        """Return a product's jobs, oldest first."""
        return self._with_product(product_key, device_jobs.jobs_of)

    def job_tasks(self, product_key: str, job_id: str) -> list[JobTask]:
        """Return the tasks of a job, one a device. Raises JobError."""
        return self._with_product(
            product_key, lambda product: device_jobs.tasks_in(self._core, product, job_id)
        )

    def cancel_job(self, product_key: str, job_id: str) -> None:
        """End the tasks of a job that are not over, and tell their devices. Raises JobError."""
        self._with_product(
            product_key, lambda product: device_jobs.cancel(self._core, product, job_id)
        )

    def remove_job(self, product_key: str, job_id: str) -> None:
        """Delete a job with its tasks, and tell devices whose task is open. Raises JobError."""
        self._with_product(
            product_key, lambda product: device_jobs.remove(self._core, product, job_id)
        )

    # Files of devices

    def files(self, product_key: str, device_name: str) -> list[DeviceFile]:
        """Return the files that a device has uploaded, oldest first."""
        return self._with(product_key, device_name, file_uploads.files_of)

    def file(self, product_key: str, device_name: str, name: str) -> bytes:
        """Return the bytes of a file that a device has uploaded."""
        return self._with(
            product_key,
            device_name,
            lambda device: file_uploads.content_of(self._core, device, name),
        )

    def remove_file(self, product_key: str, device_name: str, name: str) -> None:
        """Delete a file that a device has uploaded."""
        self._with(
            product_key,
            device_name,
            lambda device: file_uploads.remove(self._core, device, name),
        )

    # Sub-devices

    def ask_to_add(
        self, product_key: str, device_name: str, sub_devices: Iterable[tuple[str, str]]
    ) -> int:
        """Ask a gateway to add sub-devices, (ProductKey, DeviceName) each, to its topology.

        Returns how many of its sessions the request went to.
        """
        wanted = list(sub_devices)
        return self._with(
            product_key,
            device_name,
            lambda gateway: sub_device_sessions.ask_to_add(self._core, gateway, wanted),
        )

    def sub_devices(self, product_key: str, device_name: str) -> list[Device]:
        """Return a gateway's sub-devices."""
        return self._with(product_key, device_name, self._core.registry.sub_devices_of)

    def gateway_of(self, product_key: str, device_name: str) -> Device | None:
        """Return a sub-device's gateway, None without one."""
        return self._with(product_key, device_name, self._core.registry.gateway_of)

    def add_sub_device(
        self, product_key: str, device_name: str, *, gateway: tuple[str, str]
    ) -> None:
        """Add a device to the topology of a gateway, (ProductKey, DeviceName), and tell it."""

        def change(device: Device) -> None:
            owner = self._core.registry.device(*gateway)
            sub_device_sessions.relate(self._core, owner, device)

        self._with(product_key, device_name, change)

    def remove_sub_device(self, product_key: str, device_name: str) -> None:
        """Remove a device from its gateway's topology, end its session and tell the gateway."""
        self._with(
            product_key,
            device_name,
            lambda device: sub_device_sessions.separate(
                self._core, device, reason="the cloud deleted the topology"
            ),
        )

    def _with_product(self, product_key: str, act: Callable[[Product], _T]) -> _T:
        """Run a function of one product in the platform's loop."""
        return self._runner.change(lambda registry: act(registry.product(product_key)))

    def _with(self, product_key: str, device_name: str, act: Callable[[Device], _T]) -> _T:
        """Run a function of one device in the platform's loop."""
        return self._runner.change(lambda registry: act(registry.device(product_key, device_name)))


def _allow(refusal: str) -> None:
    """Raise RegistryError with the reason that the thing model gives, if it gives one."""
    if refusal:
        raise RegistryError(f"the thing model does not allow this: {refusal}")
