"""The rules of jobs: which devices get a task, and when a batch begins and ends."""

from __future__ import annotations

from functools import partial

from alink_sim.platform.core import Core
from alink_sim.platform.ota import alarms, outcomes, tasks, uploads
from alink_sim.platform.state.entities import Device, Entity
from alink_sim.platform.state.ota_entities import FINAL, Job, JobStatus, Status, Verified


def begin(core: Core, job: Job) -> None:
    """Keep a job; now or at its time each of its devices gets a task."""
    core.upgrades.keep(job)
    if job.type == "VERIFY_FIRMWARE":
        firmware = core.upgrades.firmwares[job.firmware_id]
        firmware.verified = Verified.UNDER_WAY
        core.upgrades.keep(firmware)
    if job.ends:
        alarms.at(core, job.ends, partial(_end, core, job))
    if job.starts > core.clock.time():
        alarms.at(core, job.starts, partial(_start, core, job))
    else:
        _start(core, job)


def version_reported(core: Core, device: Device, module: str) -> None:
    """Give a device that reports a version a task in the newest DYNAMIC job that wants it."""
    for job in reversed(core.upgrades.jobs.values()):
        if (job.selection, job.status) != ("DYNAMIC", JobStatus.IN_PROGRESS):
            continue
        if job.product_key != device.product_key:
            continue
        if core.upgrades.firmwares[job.firmware_id].module != module or _has(core, job, device):
            continue
        if tasks.plan(core, job, device):
            return


def cancel(core: Core, job: Job, statuses: tuple[Status, ...]) -> None:
    """Cancel a job's tasks of some statuses."""
    for task in core.upgrades.tasks_in(job):
        if task.status in statuses:
            tasks.move(core, task, Status.CANCELED, "the batch was canceled")


def stop(core: Core, job: Job) -> None:
    """Cancel a DYNAMIC job, or one that is only planned; existing tasks go on."""
    outcomes.end(core, job, JobStatus.CANCELED)


def forget(core: Core, gone: Entity) -> None:
    """Forget the OTA entities of a removed one; a job that waited for it alone ends."""
    mine = core.upgrades.tasks_of(gone) if isinstance(gone, Device) else []
    core.upgrades.forget(gone)
    for task in mine:
        outcomes.settle(core, core.upgrades.jobs[task.job_id])


def resume(core: Core) -> None:
    """Set the alarms that the last platform on this database had set."""
    for job in core.upgrades.jobs.values():
        if job.status == JobStatus.PLANNED:
            alarms.at(core, job.starts, partial(_start, core, job))
        if job.ends:
            alarms.at(core, job.ends, partial(_end, core, job))
    for key in core.upgrades.contents:
        alarms.at(core, core.clock.time() + uploads.KEPT, partial(uploads.drop_unused, core, key))
    for task in core.upgrades.tasks.values():
        if task.status == Status.IN_PROGRESS:
            tasks.watch(core, task)
        elif task.status == Status.QUEUED:
            alarms.at(core, task.not_before, partial(tasks.offer_again, core, task.id))


def _start(core: Core, job: Job) -> None:
    if core.upgrades.jobs.get(job.id) is not job or job.status != JobStatus.PLANNED:
        return  # It was removed or canceled meanwhile.
    devices = _devices(core, job)
    firmware = core.upgrades.firmwares[job.firmware_id]
    core.note_about(
        "ota_published",
        core.registry.product(job.product_key),
        version=firmware.version,
        module=firmware.module,
        job=job.id,
        devices=len(devices),
    )
    for device in devices:
        tasks.plan(core, job, device)
    # Only now, or the first task that is over at once would complete it.
    job.status, job.started = JobStatus.IN_PROGRESS, core.clock.time()
    core.upgrades.keep(job)
    outcomes.settle(core, job)


def _end(core: Core, job: Job) -> None:
    for task in core.upgrades.tasks_in(job):
        if task.status not in FINAL:
            tasks.move(core, task, Status.CANCELED, "the time of the batch is over")


def _devices(core: Core, job: Job) -> list[Device]:
    if job.selection == "DYNAMIC" and job.dynamic_mode == 2:
        return []
    names = job.device_names
    if names is not None:
        each = dict.fromkeys(names)  # One that is named twice would be in its own way.
        found = (core.registry.devices.get((job.product_key, name)) for name in each)
        return [device for device in found if device]
    return [one for one in core.registry.devices.values() if one.product_key == job.product_key]


def _has(core: Core, job: Job, device: Device) -> bool:
    """Tell whether a device has a task in a job that it has not done."""
    mine = core.upgrades.tasks_of(device)
    return any(one.job_id == job.id and one.status != Status.SUCCEEDED for one in mine)
