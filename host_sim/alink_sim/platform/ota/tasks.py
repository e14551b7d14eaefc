"""The rules of OTA tasks: who is pushed what and when, and what a device's reports make of it.

docs/protocol.md, section "OTA". The version that a device reports decides alone: 100 percent
without it is no success.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from alink_sim.platform import downlink
from alink_sim.platform.core import Core
from alink_sim.platform.entities import Device
from alink_sim.platform.envelope import compact
from alink_sim.platform.ota.entities import (
    DEFAULT_MODULE,
    File,
    Firmware,
    Job,
    JobStatus,
    Status,
    Task,
    version_of,
)
from alink_sim.platform.ota.upgrades import fresh_id

_PUSHED = "1000"
_IDS = itertools.count(1626969597470)  # Numbers, as the real ones.


def begin(core: Core, job: Job, devices: Iterable[Device]) -> list[Task]:
    """Give each device a task, unless it has the version, and push it to those online."""
    core.upgrades.keep(job)
    found = (_plan(core, job, device) for device in devices)
    tasks = [task for task in found if task]
    firmware = core.upgrades.firmwares[job.firmware_id]
    core.note(
        "ota_published",
        product=job.product_key,
        version=firmware.version,
        module=firmware.module,
        job=job.id,
        devices=len(tasks),
    )
    _look_at(core, job)
    return tasks


def push_waiting(core: Core, device: Device) -> None:
    """Push what waits for a device that is online."""
    for task in core.upgrades.tasks_of(device):
        if Status(task.status) not in (Status.QUEUED, Status.NOTIFIED, Status.IN_PROGRESS):
            continue
        if version_of(device.documents, task.module) != task.version:
            _push(core, device, task)


def version_reported(core: Core, device: Device, module: str, version: str) -> None:
    """Take up the version a module has: the task that waited for it has succeeded."""
    modules = {**device.documents.get("modules", {}), module: version}
    core.registry.keep(device, "modules", modules)
    task = core.upgrades.waiting(device, module)
    if task is None:
        return
    if version == task.version:
        move(core, task, Status.SUCCEEDED, progress=100)
    elif task.status == Status.QUEUED:
        _push(core, device, task)  # It came online before it could hear.
    elif _is_failure(core, task):
        move(core, task, Status.FAILED, f"it reports version {version} after the upgrade")


def progress_reported(core: Core, device: Device, module: str, step: int, text: str) -> None:
    """Take up how far a device has come in percent, or below 0 what went wrong."""
    task = core.upgrades.waiting(device, module)
    if task is None:
        return
    if step < 0:
        move(core, task, Status.FAILED, f"{_FAILURES[step]}: {text}" if text else _FAILURES[step])
    else:
        move(core, task, Status.IN_PROGRESS, text, progress=step)


def move(
    core: Core, task: Task, status: Status, reason: str = "", *, progress: int | None = None
) -> None:
    """Bring a task to a status, and its job with it; the log tells."""
    task.reason = reason
    task.progress = task.progress if progress is None else progress
    is_news = task.status != status
    task.status = status
    core.upgrades.keep(task)
    if is_news:
        device = core.registry.device(task.product_key, task.device_name)
        core.note_about("ota_task", device, reason=reason, status=status, **_described(task))
        _look_at(core, core.upgrades.jobs[task.job_id])


def data(core: Core, task: Task) -> dict[str, Any]:
    """Return what a device is told of its package: where the files are, and their digests."""
    firmware = core.upgrades.firmwares[task.firmware_id]
    job = core.upgrades.jobs[task.job_id]
    told: dict[str, Any] = {"version": firmware.version, "signMethod": firmware.sign_method}
    if firmware.src_version:
        told["isDiff"] = 1
    if firmware.module != DEFAULT_MODULE:
        told["module"] = firmware.module
    if job.tags:
        told["extData"] = job.tags
    if len(firmware.files) == 1:
        return told | _single(core, task, firmware, firmware.files[0])
    return told | {"files": [_one_of_many(core, task, file) for file in firmware.files]}


_FAILURES = {
    -1: "the upgrade failed",
    -2: "the download failed",
    -3: "the check of the file failed",
    -4: "writing to flash failed",
}


def _plan(core: Core, job: Job, device: Device) -> Task | None:
    firmware = core.upgrades.firmwares[job.firmware_id]
    version = version_of(device.documents, firmware.module)
    if version == firmware.version:
        return None
    busy = core.upgrades.waiting(device, firmware.module)
    task = core.upgrades.keep(
        Task(
            id=fresh_id(),
            job_id=job.id,
            firmware_id=firmware.id,
            product_key=device.product_key,
            device_name=device.name,
            module=firmware.module,
            version=firmware.version,
            src_version=version,
            created=core.clock.time(),
        )
    )
    if busy:
        move(core, task, Status.FAILED, f"the device is busy with task {busy.id}")
    else:
        _push(core, device, task)
    return task


def _push(core: Core, device: Device, task: Task) -> None:
    body = {
        "code": _PUSHED,
        "data": data(core, task),
        "id": next(_IDS),
        "message": "success",
    }
    topic = f"/ota/device/upgrade/{device.product_key}/{device.name}"
    if downlink.send(core, device, topic, compact(body)):
        core.note_about("ota_pushed", device, **_described(task))
        if task.status == Status.QUEUED:
            move(core, task, Status.NOTIFIED)


def _look_at(core: Core, job: Job) -> None:
    """Complete a job whose last task is over."""
    mine = (one for one in core.upgrades.tasks.values() if one.job_id == job.id)
    if job.status == JobStatus.IN_PROGRESS and all(Status(one.status).is_final for one in mine):
        job.status = JobStatus.COMPLETED
        core.upgrades.keep(job)


def _is_failure(core: Core, task: Task) -> bool:
    """Tell whether another version than the task's ends it."""
    rule = core.settings.ota_other_version
    is_under_way = task.status == Status.IN_PROGRESS
    return is_under_way and (rule == "always" or (rule == "finished" and task.progress == 100))


def _single(core: Core, task: Task, firmware: Firmware, file: File) -> dict[str, Any]:
    told = {"size": file.size, "url": _url(core, task, file), "sign": file.sign}
    return told | {"md5": file.md5} if firmware.sign_method == "Md5" else told


def _one_of_many(core: Core, task: Task, file: File) -> dict[str, Any]:
    return {
        "fileName": file.name,
        "fileSize": file.size,
        "fileUrl": _url(core, task, file),
        "fileMd5": file.md5,
        "fileSign": file.sign,
    }


def _url(core: Core, task: Task, file: File) -> str:
    until = int(core.clock.time() + core.settings.ota_url_seconds)
    return core.bucket.url(file.key, task.id, until=until)


def _described(task: Task) -> dict[str, Any]:
    return {"version": task.version, "module": task.module, "job": task.job_id, "task": task.id}
