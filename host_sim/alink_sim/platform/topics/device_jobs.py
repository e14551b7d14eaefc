"""Device jobs: a document, and perhaps a file, for devices of a product. A task is one device.

docs/reference/protocol.md, "Device jobs". The document "jobs" of a product has its jobs, the
document "tasks" of a device its tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.ota import alarms
from alink_sim.platform.state.entities import Device, Product
from alink_sim.platform.state.ota_entities import Content
from alink_sim.platform.state.ota_registry import fresh_id, job_file_key
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import downlink
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.thing import MALFORMED

QUEUED, SENT, IN_PROGRESS = "QUEUED", "SENT", "IN_PROGRESS"
CANCELLED, REMOVED, TIMED_OUT = "CANCELLED", "REMOVED", "TIMED_OUT"
STATUSES = (QUEUED, SENT, IN_PROGRESS, "SUCCEEDED", "FAILED", "REJECTED", TIMED_OUT, CANCELLED)
JOB_STATUSES = ("WAITING", IN_PROGRESS, "COMPLETED", CANCELLED)
CUSTOM = "CUSTOM_JOB"
_NEXT, _LIST = "$next", "$list"
_REPORTED = (IN_PROGRESS, "SUCCEEDED", "FAILED", "REJECTED")
_OPEN = (QUEUED, SENT, IN_PROGRESS)
_MAX_DOCUMENT = 64 << 10  # Bytes; the console's limit.
_MAX_FILE = 1000 << 20
_MAX_TASKS = 100  # Of one device that are not over; of those that are, the newest stay.
_SIGN_METHODS = {"Md5": "md5", "Sha256": "sha256"}


class JobError(ValueError):
    """A job cannot be created, or its id is unknown; the text says what to change."""


@dataclass(frozen=True)
class Plan:
    """The words and rules of a job.

    `scheduled` is when it begins, in seconds since 1970, and 0 at once. A task ends as TIMED_OUT
    after `timeout_minutes` in progress; 0 is without end. `target` is how its devices were named.
    """

    name: str = ""
    description: str = ""
    target: str = "DEVICE_LIST"
    scheduled: float = 0.0
    timeout_minutes: int = 0
    per_minute: int = 0


@dataclass(frozen=True)
class DeviceJob:
    """A job of a product. `created`, `modified` and `canceled` in seconds since 1970, or 0."""

    id: str
    product_key: str
    document: dict[str, Any]
    sign_method: str = ""  # Of its file, "" without one.
    sign: str = ""
    created: float = 0.0
    modified: float = 0.0
    canceled: float = 0.0
    plan: Plan = Plan()


@dataclass
class JobTask:
    """The task of one device: its status, percent, and what the device says beside."""

    id: str
    job_id: str
    device_name: str
    status: str = QUEUED
    progress: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    created: float = 0.0
    modified: float = 0.0


# The cloud's side


def create(
    core: Core,
    product: Product,
    devices: Iterable[Device],
    document: dict[str, Any],
    *,
    file: bytes = b"",
    sign_method: str = "Sha256",
    plan: Plan | None = None,
) -> DeviceJob:
    """Make a job and tell the devices that are online, once it begins. Raises JobError."""
    wanted = list(devices)
    _check(document, file, sign_method, wanted)
    digest = hashlib.new(_SIGN_METHODS[sign_method], file).hexdigest() if file else ""
    job = DeviceJob(
        id=fresh_id(),
        product_key=product.key,
        document=document,
        sign_method=sign_method if file else "",
        sign=digest,
        created=core.clock.time(),
        plan=plan or Plan(),
    )
    if file:
        core.upgrades.keep(Content(job_file_key(job.id), file))
    _store(core, product, job)
    for device in wanted:
        task = JobTask(fresh_id(), job.id, device.name, created=job.created)
        _keep(core, device, task, reason="the job was created")
        notify_waiting(core, device)
        if job.plan.scheduled:
            alarms.at(core, job.plan.scheduled, partial(notify_waiting, core, device))
    return job


def change(core: Core, product: Product, job: DeviceJob, **plan: Any) -> None:
    """Change fields of a job's plan."""
    changed = replace(job, plan=replace(job.plan, **plan), modified=core.clock.time())
    _store(core, product, changed)


def jobs_of(product: Product) -> list[DeviceJob]:
    """Return a product's jobs, oldest first."""
    return [_read(one) for one in _jobs(product).values()]


def status_of(core: Core, product: Product, job: DeviceJob) -> str:
    """Return the status of a job, one of JOB_STATUSES."""
    if job.canceled:
        return CANCELLED
    if not _has_begun(core, job):
        return "WAITING"
    is_open = any(one.status in _OPEN for one in tasks_in(core, product, job.id))
    return IN_PROGRESS if is_open else "COMPLETED"


def tasks_of(core: Core, product: Product) -> list[tuple[Device, JobTask]]:
    """Return all tasks of a product's devices."""
    return [(one, task) for one in devices_of(core, product) for task in _tasks(one)]


def devices_of(core: Core, product: Product) -> list[Device]:
    """Return a product's devices."""
    return [one for one in core.registry.devices.values() if one.product_key == product.key]


def file_of(core: Core, job: DeviceJob) -> dict[str, str]:
    """Return the file of a job as its devices get it, with a URL; {} without one."""
    if not job.sign:
        return {}
    until = int(core.clock.time() + core.settings.ota_url_seconds)
    url = core.bucket.url(job_file_key(job.id), "", until=until)
    return {"signMethod": job.sign_method, "sign": job.sign, "fileUrl": url}


def tasks_in(core: Core, product: Product, job_id: str) -> list[JobTask]:
    """Return the tasks of a job. Raises JobError."""
    _job(product, job_id)
    return [task for _, task in _tasks_in(core, product, job_id)]


def cancel(core: Core, product: Product, job_id: str) -> None:
    """End the tasks of a job that are not over, and tell their devices. Raises JobError."""
    job = _job(product, job_id)
    now = core.clock.time()
    _store(core, product, replace(job, canceled=now, modified=now))
    for device, task in _tasks_in(core, product, job_id):
        if task.status in _OPEN:
            _end(core, device, task, CANCELLED)


def remove(core: Core, product: Product, job_id: str) -> None:
    """Delete a job with its tasks, and tell the devices whose task was not over."""
    _job(product, job_id)
    for device, task in _tasks_in(core, product, job_id):
        if task.status in _OPEN:
            _end(core, device, task, REMOVED)
        core.registry.keep(device, "tasks", _without(device, task.id))
    if content := core.upgrades.contents.get(job_file_key(job_id)):
        core.upgrades.remove(content)
    rest = {one: job for one, job in _jobs(product).items() if one != job_id}
    core.registry.keep(product, "jobs", rest)


def notify_waiting(core: Core, device: Device) -> None:
    """Tell a device of its queued tasks if it is online."""
    if not core.sessions.of(device):
        return
    for task in _begun(core, device):
        if task.status == QUEUED and _notify(core, device, task, SENT):
            task.status = SENT
            _keep(core, device, task, reason="the platform notified the device")


# The device's side


def get(core: Core, session: Session, request: Request) -> Result:
    """Return a task by its id, the oldest unfinished one ($next), or all of these ($list)."""
    wanted = request.params.get("taskId") if isinstance(request.params, dict) else None
    if not isinstance(wanted, str) or not wanted:
        return MALFORMED
    device = session.device
    tasks = _begun(core, device)
    unfinished = [task for task in tasks if task.status in _OPEN]
    if wanted == _LIST:
        listed = [{"taskId": one.id, "status": one.status} for one in unfinished]
        return Result(data={"taskId": _LIST, "tasks": listed})
    found = unfinished[:1] if wanted == _NEXT else [one for one in tasks if one.id == wanted]
    if not found:
        return Result(data={"taskId": wanted})
    task = found[0]
    if task.status == QUEUED:
        task.status = SENT
        _keep(core, device, task, reason="the device asked for it")
    return Result(data={"taskId": wanted, "task": _told(core, device, task)})


def update(core: Core, session: Session, request: Request) -> Result:
    """Take up how far a device is with a task."""
    params = request.params if isinstance(request.params, dict) else {}
    progress, details = params.get("progress", 0), params.get("statusDetails", {})
    if not str(progress).isdecimal() or int(progress) > 100 or not isinstance(details, dict):
        return MALFORMED
    if params.get("status") not in _REPORTED:
        return MALFORMED
    found = [one for one in _begun(core, session.device) if one.id == params.get("taskId")]
    if not found:
        return _refused("the device has no such task")
    task = found[0]
    if task.status not in _OPEN:
        return _refused(f"the task is over: {task.status}")
    begins = params["status"] == IN_PROGRESS != task.status
    task.status, task.progress, task.details = params["status"], int(progress), details
    _keep(core, session.device, task, reason="the device reported it")
    minutes = _job_of(core, session.device, task).plan.timeout_minutes
    if begins and minutes:
        end = partial(_time_out, core, session.device, task.id)
        alarms.at(core, core.clock.time() + 60 * minutes, end)
    return Result(data={"taskId": task.id})


def _refused(message: str) -> Result:
    return Result(code=MALFORMED.code, message=message)


# Shared


def _check(document: Any, file: bytes, sign_method: str, devices: list[Device]) -> None:
    if not isinstance(document, dict) or len(compact(document)) > _MAX_DOCUMENT:
        raise JobError(f"the document is not a JSON object of at most {_MAX_DOCUMENT} bytes")
    if len(file) > _MAX_FILE:
        raise JobError(f"the file has {len(file)} bytes; the limit is {_MAX_FILE}")
    if sign_method not in _SIGN_METHODS:
        raise JobError(f"sign_method is {sign_method!r}; use {', '.join(_SIGN_METHODS)}")
    if not devices:
        raise JobError("a job needs a device")
    for device in devices:
        if sum(task.status in _OPEN for task in _tasks(device)) >= _MAX_TASKS:
            raise JobError(f"{device.name} has {_MAX_TASKS} tasks that are not over")


def _time_out(core: Core, device: Device, task_id: str) -> None:
    """End a task that is still in progress."""
    for task in _tasks(device):
        if task.id == task_id and task.status == IN_PROGRESS:
            task.status = TIMED_OUT
            _keep(core, device, task, reason="it was in progress for too long")


def _end(core: Core, device: Device, task: JobTask, status: str) -> None:
    task.status = status
    _keep(core, device, task, reason="the operator ended the job")
    _notify(core, device, task, status)


def _notify(core: Core, device: Device, task: JobTask, status: str) -> int:
    told = {**_told(core, device, task), "status": status}
    return downlink.ask(core, device, "job/notify", {"task": told})[1]


def _told(core: Core, device: Device, task: JobTask) -> dict[str, Any]:
    """Return a task as its device gets it: without document and file once the cloud ended it."""
    told: dict[str, Any] = {"taskId": task.id, "status": task.status, "jobDocument": {}}
    if task.status in (CANCELLED, REMOVED):
        return told
    job = _job_of(core, device, task)
    told["jobDocument"] = job.document
    if file := file_of(core, job):
        told["jobFile"] = file
    return told


def _keep(core: Core, device: Device, task: JobTask, *, reason: str) -> None:
    task.modified = core.clock.time()
    documents = {**device.documents.get("tasks", {}), task.id: asdict(task)}
    over = [one for one in documents.values() if one["status"] not in _OPEN]
    for one in over[:-_MAX_TASKS]:
        del documents[one["id"]]
    core.registry.keep(device, "tasks", documents)
    core.note_about(
        "job_task",
        device,
        reason=reason,
        job=task.job_id,
        task=task.id,
        status=task.status,
        progress=task.progress,
    )


def _tasks(device: Device) -> list[JobTask]:
    return [JobTask(**one) for one in device.documents.get("tasks", {}).values()]


def _begun(core: Core, device: Device) -> list[JobTask]:
    """Return the tasks of a device whose jobs have begun."""
    return [one for one in _tasks(device) if _has_begun(core, _job_of(core, device, one))]


def _has_begun(core: Core, job: DeviceJob) -> bool:
    return job.plan.scheduled <= core.clock.time()


def _tasks_in(core: Core, product: Product, job_id: str) -> list[tuple[Device, JobTask]]:
    return [(one, task) for one, task in tasks_of(core, product) if task.job_id == job_id]


def _without(device: Device, task_id: str) -> dict[str, Any]:
    return {one: task for one, task in device.documents["tasks"].items() if one != task_id}


def _jobs(product: Product) -> dict[str, Any]:
    return product.documents.get("jobs", {})  # type: ignore[no-any-return]


def _job(product: Product, job_id: str) -> DeviceJob:
    if job_id not in _jobs(product):
        known = ", ".join(_jobs(product)) or "none"
        raise JobError(f"product {product.key} has no job {job_id!r}; it has {known}")
    return _read(_jobs(product)[job_id])


def _job_of(core: Core, device: Device, task: JobTask) -> DeviceJob:
    return _job(core.registry.product(device.product_key), task.job_id)


def _read(document: dict[str, Any]) -> DeviceJob:
    return DeviceJob(**{**document, "plan": Plan(**document.get("plan", {}))})


def _store(core: Core, product: Product, job: DeviceJob) -> None:
    core.registry.keep(product, "jobs", {**_jobs(product), job.id: asdict(job)})
