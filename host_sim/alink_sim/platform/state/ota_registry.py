"""All packages, jobs and tasks of one platform, and the bytes of the packages: state, no rules."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from alink_sim.platform.state.entities import Device, Entity, Product
from alink_sim.platform.state.ota_entities import FINAL, Content, Firmware, Job, OtaEntity, Task

_CONFIG = "config/"
_DEVICE = "device/"
_JOB = "job/"
_FIRST_STREAM = 1_397_345  # A number of the size that the real ones have.
_T = TypeVar("_T", Firmware, Content, Job, Task)


class Upgrades:
    """What OTA knows; each change is handed to `on_change`, what goes to `on_remove`."""

    def __init__(
        self,
        *,
        on_change: Callable[[Entity], None],
        on_remove: Callable[[Entity], None],
        now: Callable[[], float],
    ) -> None:
        """`now` returns seconds since 1970."""
        self.firmwares: dict[str, Firmware] = {}
        self.contents: dict[str, Content] = {}
        self.jobs: dict[str, Job] = {}
        self.tasks: dict[str, Task] = {}
        self.now = now
        self._by_device: defaultdict[tuple[str, str], dict[str, Task]] = defaultdict(dict)
        self._by_job: defaultdict[str, dict[str, Task]] = defaultdict(dict)
        self._last_stream = _FIRST_STREAM
        self._on_change = on_change
        self._on_remove = on_remove

    def load(self, kept: Iterable[OtaEntity]) -> None:
        """Take up what a store kept."""
        for one in kept:
            self.put_back(one)

    def all(self) -> Iterator[OtaEntity]:
        """Return everything there is."""
        for kind in (self.firmwares, self.contents, self.jobs, self.tasks):
            yield from kind.values()

    def keep(self, entity: _T) -> _T:
        """Keep an entity as it is now; return it."""
        if not isinstance(entity, Content):
            entity.modified = self.now()
        self.put_back(entity)
        self._on_change(entity)
        return entity

    def tasks_of(self, device: Device) -> list[Task]:
        """Return a device's tasks, oldest first."""
        return list(self._by_device[device.product_key, device.name].values())

    def tasks_in(self, job: Job) -> list[Task]:
        """Return a job's tasks, oldest first."""
        return list(self._by_job[job.id].values())

    def unfinished(self, device: Device) -> list[Task]:
        """Return a device's tasks that are not over, oldest first."""
        return [one for one in self.tasks_of(device) if one.status not in FINAL]

    def waiting(self, device: Device, module: str) -> Task | None:
        """Return a device's unfinished task for a module, if there is one."""
        return next((one for one in self.unfinished(device) if one.module == module), None)

    def fresh_stream(self) -> int:
        """Return a stream's number that no task has had."""
        self._last_stream += 1
        return self._last_stream

    def forget(self, gone: Entity) -> None:
        """Forget what belonged to a product or a device that was removed."""
        mine: list[OtaEntity] = []
        if isinstance(gone, Product):
            mine += [one for one in self.firmwares.values() if one.product_key == gone.key]
            keys = [content_key(gone.key), *map(job_file_key, gone.documents.get("jobs", {}))]
            mine += [self.contents[key] for key in keys if key in self.contents]
        elif isinstance(gone, Device):
            mine += self.tasks_of(gone)
            keys = [device_file_key(gone, name) for name in gone.documents.get("files", {})]
            mine += [self.contents[key] for key in keys]
        for one in mine:
            self.remove(one)

    def remove(self, entity: OtaEntity) -> None:
        """Forget an entity: with a package its files and jobs, with a job its tasks."""
        self.drop(entity)
        if isinstance(entity, Firmware):
            for file in entity.files:
                self.remove(self.contents[file.key])
            for job in [one for one in self.jobs.values() if one.firmware_id == entity.id]:
                self.remove(job)
        elif isinstance(entity, Job):
            for task in self.tasks_in(entity):
                self.remove(task)
        self._on_remove(entity)

    def drop(self, entity: OtaEntity) -> None:
        """Forget an entity alone, without telling the store."""
        if isinstance(entity, Firmware):
            del self.firmwares[entity.id]
        elif isinstance(entity, Content):
            del self.contents[entity.key]
        elif isinstance(entity, Job):
            del self.jobs[entity.id]
        else:
            del self.tasks[entity.id]
            del self._by_device[entity.product_key, entity.device_name][entity.id]
            del self._by_job[entity.job_id][entity.id]

    def put_back(self, entity: OtaEntity) -> None:
        """Take up an entity alone, without telling the store."""
        if isinstance(entity, Firmware):
            self.firmwares[entity.id] = entity
        elif isinstance(entity, Content):
            self.contents[entity.key] = entity
        elif isinstance(entity, Job):
            self.jobs[entity.id] = entity
        else:
            self.tasks[entity.id] = entity
            self._by_device[entity.product_key, entity.device_name][entity.id] = entity
            self._by_job[entity.job_id][entity.id] = entity
            self._last_stream = max(self._last_stream, entity.stream_id)


def fresh_id() -> str:
    """Return an id that looks like a real one; it never begins with "-", as an option does."""
    return secrets.token_hex(11) + "000100"


def content_key(product_key: str) -> str:
    """Return the name of a product's remote config in the bucket."""
    return f"{_CONFIG}{product_key}"


def device_file_key(device: Device, name: str) -> str:
    """Return the name in the bucket of a file that a device has uploaded."""
    return f"{_DEVICE}{device.product_key}/{device.name}/{name}"


def job_file_key(job_id: str) -> str:
    """Return the name in the bucket of the file of a device job."""
    return f"{_JOB}{job_id}"


def is_of_package(key: str) -> bool:
    """Tell whether a name in the bucket is a file that an update package is made of."""
    return not key.startswith((_CONFIG, _DEVICE, _JOB))
