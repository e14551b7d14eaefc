"""Update packages, batches and tasks, as the console reads and changes them.

In the platform's event loop, like `platform_view`.
"""

from __future__ import annotations

from collections.abc import Mapping

from alink_sim.platform._ota import Ota
from alink_sim.platform.console.errors import MissingError
from alink_sim.platform.core import Core
from alink_sim.platform.ota import jobs, packages
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.ota_entities import FINAL, Firmware, Job, Rules, Task, Verified
from alink_sim.platform.state.ota_registry import fresh_id


class OtaView:
    """The OTA side of one platform; `facade` is for callers of another thread."""

    def __init__(self, core: Core, facade: Ota) -> None:
        self._core = core
        self.facade = facade

    def packages(self) -> list[Firmware]:
        """Return all update packages, newest first."""
        return list(reversed(self._core.upgrades.firmwares.values()))

    def package(self, firmware_id: str) -> Firmware:
        """Return a package. Raises MissingError."""
        found = self._core.upgrades.firmwares.get(firmware_id)
        if found is None:
            raise MissingError(f"there is no package {firmware_id}")
        return found

    def jobs(self) -> list[Job]:
        """Return all jobs, newest first."""
        return list(reversed(self._core.upgrades.jobs.values()))

    def job(self, job_id: str) -> Job:
        """Return a job. Raises MissingError."""
        found = self._core.upgrades.jobs.get(job_id)
        if found is None:
            raise MissingError(f"there is no batch {job_id}")
        return found

    def tasks_in(self, job: Job) -> list[Task]:
        """Return the tasks of a job, oldest first."""
        return self._core.upgrades.tasks_in(job)

    def tasks_of(self, device: Device) -> list[Task]:
        """Return a device's tasks, newest first."""
        return self._core.upgrades.tasks_of(device)[::-1]

    async def add_package(
        self,
        product_key: str,
        version: str,
        files: Mapping[str, bytes],
        *,
        module: str,
        src_version: str,
        sign_method: str,
        needs_verification: bool,
    ) -> None:
        """Keep an update package without a batch. Raises UpgradeError."""
        self._core.registry.product(product_key)
        draft = Firmware(
            id=fresh_id(),
            product_key=product_key,
            version=version,
            files=[],
            name=version,
            module=module,
            src_version=src_version,
            sign_method=sign_method,
            verified=Verified.NO if needs_verification else Verified.NOT_NEEDED,
            created=self._core.clock.time(),
        )
        packages.check(draft, files)
        for name, data in files.items():
            content = packages.put(self._core.upgrades, f"ota/{draft.id}/{name}", data)
            draft.files.append(packages.describe(content, name, sign_method=sign_method))
        self._core.upgrades.keep(draft)
        await self._core.commits.settled()

    async def begin_batch(
        self, package: Firmware, names: list[str] | None, *, verifies: bool, protocol: str
    ) -> None:
        """Bring a package to some devices, or to all. Raises RegistryError, UpgradeError."""
        if verifies and not names:
            raise packages.UpgradeError("name 1 to 10 devices that verify the package")
        if not verifies and package.verified not in (Verified.YES, Verified.NOT_NEEDED):
            raise packages.UpgradeError("verify the package first: it is not verified yet")
        for name in names or ():
            self._core.registry.device(package.product_key, name)
        packages.check_protocol(protocol, [one.size for one in package.files])
        job = Job(
            id=fresh_id(),
            firmware_id=package.id,
            product_key=package.product_key,
            type="VERIFY_FIRMWARE" if verifies else "UPGRADE_FIRMWARE",
            target="SPECIFIC" if names else "ALL",
            rules=Rules(protocol=protocol),
            device_names=names,
            created=self._core.clock.time(),
        )
        jobs.begin(self._core, job)
        await self._core.commits.settled()

    async def remove_package(self, package: Firmware) -> None:
        """Delete a package that no unfinished task needs. Raises UpgradeError."""
        upgrades = self._core.upgrades
        batches = [one for one in upgrades.jobs.values() if one.firmware_id == package.id]
        if any(task.status not in FINAL for job in batches for task in upgrades.tasks_in(job)):
            raise packages.UpgradeError(
                "a batch of this package is not over: cancel the batch first"
            )
        upgrades.remove(package)
        await self._core.commits.settled()
