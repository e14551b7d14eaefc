"""OTA as an operator sees it, for callers of any thread: `Platform.ota`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

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


class OtaSide:
    """Publishes packages and shows what became of them."""

    def __init__(
        self,
        core: Core,
        *,
        change: Callable[[Callable[[], Any]], Any],
        look: Callable[[Callable[[], Any]], Any],
    ) -> None:
        """`change` and `look` run an action in the platform's loop and return a copy."""
        self._core = core
        self._change = change
        self._look = look

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
        """Bring a version to a product's devices, or to the named ones; return the job.

        Those online are pushed it at once, the others when they come. `data` is the file, or up to
        20 by name. `sign_method` is "SHA256" or "Md5"; a `src_version` makes it a difference to
        that version. Raises RegistryError, UpgradeError.
        """
        files = {"firmware.bin": data} if isinstance(data, bytes) else dict(data)
        names = None if devices is None else list(devices)
        rules = rules or Rules()

        def publish() -> Job:
            core = self._core
            core.registry.product(product_key)
            for name in names or ():
                core.registry.device(product_key, name)
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

        job: Job = self._change(publish)
        return job

    def job(self, job_id: str) -> Job:
        """Return a copy of a job. Raises UpgradeError."""
        job: Job = self._look(lambda: self._job(job_id))
        return job

    def jobs(self, product_key: str) -> list[Job]:
        """Return copies of a product's jobs, oldest first. Raises RegistryError."""

        def jobs() -> list[Job]:
            key = self._core.registry.product(product_key).key
            return [job for job in self._core.upgrades.jobs.values() if job.product_key == key]

        found: list[Job] = self._look(jobs)
        return found

    def firmware(self, job_id: str) -> Firmware:
        """Return a copy of a job's package. Raises UpgradeError."""
        upgrades = self._core.upgrades
        found: Firmware = self._look(lambda: upgrades.firmwares[self._job(job_id).firmware_id])
        return found

    def cancel(self, job_id: str) -> Job:
        """Cancel a job with all of its tasks that are not over; return it. Raises UpgradeError."""

        def cancel() -> Job:
            job = self._job(job_id)
            jobs.cancel(self._core, job, tuple(one for one in Status if one not in FINAL))
            if job.status in (JobStatus.PLANNED, JobStatus.IN_PROGRESS):
                jobs.stop(self._core, job)
            return job

        job: Job = self._change(cancel)
        return job

    def tasks_in(self, job_id: str) -> list[Task]:
        """Return copies of a job's tasks, oldest first. Raises UpgradeError."""
        found: list[Task] = self._look(lambda: self._core.upgrades.tasks_in(self._job(job_id)))
        return found

    def tasks(self, product_key: str, device_name: str) -> list[Task]:
        """Return copies of a device's tasks, oldest first. Raises RegistryError."""
        found: list[Task] = self._look(
            lambda: self._core.upgrades.tasks_of(
                self._core.registry.device(product_key, device_name)
            )
        )
        return found

    def versions(self, product_key: str, device_name: str) -> dict[str, str]:
        """Return the version that a device has reported of each module. Raises RegistryError."""
        found: dict[str, str] = self._look(
            lambda: self._core.registry.device(product_key, device_name).documents.get(
                "modules", {}
            )
        )
        return found

    def _job(self, job_id: str) -> Job:
        job = self._core.upgrades.jobs.get(job_id)
        if job is None:
            raise UpgradeError(f"there is no job {job_id}")
        return job
