"""All packages, jobs and tasks of one platform, and the bytes of the packages: state, no rules."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from alink_sim.platform.entities import Device, Product, Thing
from alink_sim.platform.ota.entities import Content, Firmware, Job, Kept, Status, Task

_T = TypeVar("_T", Firmware, Content, Job, Task)


class Upgrades:
    """What OTA knows; each change is handed to `on_change`, what goes to `on_remove`."""

    def __init__(
        self,
        *,
        on_change: Callable[[Thing], None],
        on_remove: Callable[[Thing], None],
        now: Callable[[], float],
    ) -> None:
        """`now` returns seconds since 1970."""
        self.firmwares: dict[str, Firmware] = {}
        self.contents: dict[str, Content] = {}
        self.jobs: dict[str, Job] = {}
        self.tasks: dict[str, Task] = {}
        self.now = now
        self._on_change = on_change
        self._on_remove = on_remove

    def load(self, kept: Iterable[Kept]) -> None:
        """Take up what a store kept."""
        for one in kept:
            self._put(one)

    def all(self) -> Iterator[Kept]:
        """Return everything there is."""
        for kind in (self.firmwares, self.contents, self.jobs, self.tasks):
            yield from kind.values()

    def keep(self, thing: _T) -> _T:
        """Keep a thing as it is now; return it."""
        if isinstance(thing, Task):
            thing.modified = self.now()
        self._put(thing)
        self._on_change(thing)
        return thing

    def tasks_of(self, device: Device) -> list[Task]:
        """Return a device's tasks, oldest first."""
        names = device.product_key, device.name
        return [one for one in self.tasks.values() if (one.product_key, one.device_name) == names]

    def waiting(self, device: Device, module: str) -> Task | None:
        """Return a device's unfinished task for a module, if there is one."""
        for one in self.tasks_of(device):
            if one.module == module and not Status(one.status).is_final:
                return one
        return None

    def forget(self, gone: Thing) -> None:
        """Forget what belonged to a product or a device that was removed."""
        if isinstance(gone, Product):
            mine = [one for one in self.all() if getattr(one, "product_key", "") == gone.key]
        elif isinstance(gone, Device):
            mine = list(self.tasks_of(gone))
        else:
            return
        for one in mine:
            self.remove(one)

    def remove(self, thing: Kept) -> None:
        """Forget a thing, a package with its files."""
        if isinstance(thing, Firmware):
            del self.firmwares[thing.id]
            for file in thing.files:
                self.remove(self.contents[file.key])
        elif isinstance(thing, Content):
            del self.contents[thing.key]
        elif isinstance(thing, Job):
            del self.jobs[thing.id]
        else:
            del self.tasks[thing.id]
        self._on_remove(thing)

    def _put(self, thing: Kept) -> None:
        if isinstance(thing, Firmware):
            self.firmwares[thing.id] = thing
        elif isinstance(thing, Content):
            self.contents[thing.key] = thing
        elif isinstance(thing, Job):
            self.jobs[thing.id] = thing
        else:
            self.tasks[thing.id] = thing


def fresh_id() -> str:
    """Return an id that looks like a real one."""
    return secrets.token_urlsafe(16) + "000100"
