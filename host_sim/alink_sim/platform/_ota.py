"""The actions of an operator about OTA: `Platform.ota`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alink_sim.platform._runner import Runner
from alink_sim.platform.core import Core
from alink_sim.platform.ota import jobs, packages
from alink_sim.platform.ota.packages import UpgradeError
from alink_sim.platform.state.ota_entities import (
    DEFAULT_MODULE,
    FINAL,
    Firmware,
    Job,
    JobStatus,
    Rules,
    Status,
    Task,
)
from alink_sim.platform.state.ota_registry import fresh_id
from alink_sim.platform.state.registry import Registry


class Ota:
    """Update packages, their jobs, and the task of each device. Call it as `Console`.

    All methods return copies.
    """

    def __init__(self, core: Core, runner: Runner) -> None:
        self._core = core
        self._runner = runner

    def publish(
        self,
        product_key: str,
        version: str,
        data: bytes | Mapping[str, bytes],
        *,
        module: str = DEFAULT_MODULE,
        devices: Iterable[str] | None = None,
        sign_method: str = "SHA256",
        src_version: str = "",
        rules: Rules | None = None,
    ) -> Job:
        """Publish a version to a product's devices, or to those named; return the job.

        Devices that are online get the push at once, the others when they log in. `data` is the
        file, or up to 20 files by name. `sign_method` is "SHA256" or "Md5"; with a `src_version`
        the file is a difference to that version. Raises RegistryError, UpgradeError.
        """
        files = {"firmware.bin": data} if isinstance(data, bytes) else dict(data)
        names = None if devices is None else list(devices)
        rules = rules or Rules()

        def publish(registry: Registry) -> Job:
            core = self._core
            registry.product(product_key)
            for name in names or ():
                registry.device(product_key, name)
            draft = Firmware(
                id=fresh_id(),
                product_key=product_key,
                version=version,
                files=[],
                name=version,
                module=module,
                src_version=src_version,
                sign_method=sign_method,
                created=core.clock.time(),
            )
            packages.check(draft, files)
            packages.check_protocol(rules.protocol, [len(one) for one in files.values()])
            for name, one in files.items():
                content = packages.put(core.upgrades, f"ota/{draft.id}/{name}", one)
                draft.files.append(packages.describe(content, name, sign_method=sign_method))
            firmware = core.upgrades.keep(draft)
            job = Job(
                id=fresh_id(),
                firmware_id=firmware.id,
                product_key=product_key,
                target="ALL" if names is None else "SPECIFIC",
                rules=rules,
                device_names=names,
                created=core.clock.time(),
            )
            jobs.begin(core, job)
            return job

        return self._runner.change(publish)

    def job(self, job_id: str) -> Job:
        """Return a job. Raises UpgradeError."""
        return self._runner.look(lambda: self._job(job_id))

    def jobs(self, product_key: str) -> list[Job]:
        """Return a product's jobs, oldest first. Raises RegistryError."""

        def read() -> list[Job]:
            key = self._core.registry.product(product_key).key
            return [job for job in self._core.upgrades.jobs.values() if job.product_key == key]

        return self._runner.look(read)

    def firmware(self, job_id: str) -> Firmware:
        """Return the package of a job. Raises UpgradeError."""
        upgrades = self._core.upgrades
        return self._runner.look(lambda: upgrades.firmwares[self._job(job_id).firmware_id])

    def cancel(self, job_id: str) -> Job:
        """Cancel a job and all its tasks that have not ended; return it. Raises UpgradeError."""

        def cancel(_registry: Registry) -> Job:
            job = self._job(job_id)
            jobs.cancel(self._core, job, tuple(one for one in Status if one not in FINAL))
            if job.status in (JobStatus.PLANNED, JobStatus.IN_PROGRESS):
                jobs.stop(self._core, job)
            return job

        return self._runner.change(cancel)

    def tasks_in(self, job_id: str) -> list[Task]:
        """Return a job's tasks, oldest first. Raises UpgradeError."""
        return self._runner.look(lambda: self._core.upgrades.tasks_in(self._job(job_id)))

    def tasks(self, product_key: str, device_name: str) -> list[Task]:
        """Return a device's tasks, oldest first. Raises RegistryError."""
        return self._runner.look(
            lambda: self._core.upgrades.tasks_of(
                self._core.registry.device(product_key, device_name)
            )
        )

    def versions(self, product_key: str, device_name: str) -> dict[str, str]:
        """Return the version of each module that a device has reported. Raises RegistryError."""

        def read() -> dict[str, str]:
            device = self._core.registry.device(product_key, device_name)
            versions: dict[str, str] = device.documents.get("modules", {})
            return versions

        return self._runner.look(read)

    def _job(self, job_id: str) -> Job:
        job = self._core.upgrades.jobs.get(job_id)
        if job is None:
            raise UpgradeError(f"there is no job {job_id}")
        return job
