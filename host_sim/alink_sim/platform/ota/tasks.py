"""The rules of a device's task: when it is pushed, and what the device's reports make of it.

docs/reference/protocol.md, "OTA". Success means the device reports the new version; reaching 100 %
does not count.
"""

from __future__ import annotations

from functools import partial

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.ota import alarms, notices, outcomes
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.ota_entities import FINAL, Job, Status, Task, version_of
from alink_sim.platform.state.ota_registry import fresh_id
from alink_sim.platform.state.sessions import FIRMWARE

_PUSHED = "1000"
_MINUTE = 60.0
_FAILURES = {
    -1: "the update failed",
    -2: "the download failed",
    -3: "the check of the file failed",
    -4: "writing to flash failed",
}


def plan(core: Core, job: Job, device: Device) -> Task | None:
    """Give a device its task in a job, unless it has the version or not the one to start from."""
    firmware = core.upgrades.firmwares[job.firmware_id]
    version = version_of(device.documents, firmware.module)
    wanted = [firmware.src_version] if firmware.src_version else job.src_versions
    if version == firmware.version or (wanted and version not in wanted):
        return None
    task = Task(
        id=fresh_id(),
        job_id=job.id,
        firmware_id=firmware.id,
        product_key=device.product_key,
        device_name=device.name,
        module=firmware.module,
        version=firmware.version,
        stream_id=core.upgrades.fresh_stream(),
        src_version=version,
        created=core.clock.time(),
    )
    busy = _clear_the_way(core, job, device, task)
    core.upgrades.keep(task)
    if busy:
        move(core, task, Status.FAILED, f"the device is busy with job {busy.job_id}")
    elif job.rules.need_confirm:
        move(core, task, Status.CONFIRM)
    else:
        offer(core, task)
    return task


def offer(core: Core, task: Task) -> None:
    """Push a waiting task to its device, if that is online and its job pushes."""
    rules = core.upgrades.jobs[task.job_id].rules
    now = core.clock.time()
    device = core.registry.device(task.product_key, task.device_name)
    if not rules.need_push or now < task.not_before or not core.sessions.of(device):
        return
    if task.status == Status.QUEUED and not core.rates.allow(
        ("ota", task.job_id), limit=rules.per_minute, seconds=_MINUTE, now=core.clock.monotonic()
    ):
        alarms.at(core, now + _MINUTE, partial(offer_again, core, task.id))
        return
    _push(core, device, task)


def offer_again(core: Core, task_id: str) -> None:
    """Push a task that waited for its moment, unless it went on meanwhile."""
    task = core.upgrades.tasks.get(task_id)
    if task and task.status == Status.QUEUED:
        offer(core, task)


def push_waiting(core: Core, device: Device) -> None:
    """Push the waiting tasks to a device that is online, even a second time."""
    for task in core.upgrades.unfinished(device):
        if task.status != Status.CONFIRM:
            offer(core, task)
    core.commits.follow()


def version_reported(core: Core, device: Device, module: str, version: str) -> None:
    """Take up the version a module has: the task that waited for it has succeeded."""
    modules = {**device.documents.get("modules", {}), module: version}
    core.registry.keep(device, "modules", modules)
    task = core.upgrades.waiting(device, module)
    if task is None:
        return
    if version == task.version:
        task.progress = 100
        move(core, task, Status.SUCCEEDED)
    elif task.status == Status.IN_PROGRESS and _is_failure(core, task):
        fail(core, task, f"it reports version {version} after the update")
    elif task.status == Status.QUEUED or not _has_offer(core, device):
        offer(core, task)  # At its login it had not subscribed yet.


def progress_reported(core: Core, device: Device, module: str, step: int, text: str) -> None:
    """Take up how far a device has come in percent, or below 0 what went wrong."""
    task = core.upgrades.waiting(device, module)
    if task is None or task.status == Status.CONFIRM:
        return
    if step < 0:
        fail(core, task, f"{_FAILURES[step]}: {text}" if text else _FAILURES[step])
        return
    task.progress = step
    if not task.started:
        task.started = core.clock.time()
        watch(core, task)
    move(core, task, Status.IN_PROGRESS, text)


def watch(core: Core, task: Task) -> None:
    """Let a task that has started fail once its job's timeout is over."""
    minutes = core.upgrades.jobs[task.job_id].rules.timeout_minutes
    if not minutes:
        return
    started, reason = task.started, f"the device took more than {minutes} minutes"

    def expire() -> None:
        is_there = core.upgrades.tasks.get(task.id) is task
        if is_there and task.status == Status.IN_PROGRESS and task.started == started:
            move(core, task, Status.FAILED, reason)  # The vendor tries a timeout not again.

    alarms.at(core, started + minutes * _MINUTE, expire)


def fail(core: Core, task: Task, reason: str) -> None:
    """Let a task fail, or be tried again as its job says."""
    rules = core.upgrades.jobs[task.job_id].rules
    if task.tries >= rules.retry_count:
        move(core, task, Status.FAILED, reason)
        return
    task.tries += 1
    queue(core, task, reason, seconds=rules.retry_minutes * _MINUTE)


def queue(core: Core, task: Task, reason: str, *, seconds: float = 0.0) -> None:
    """Start a task again after `seconds`."""
    task.not_before = core.clock.time() + seconds
    task.progress, task.started = 0, 0.0
    move(core, task, Status.QUEUED, reason)
    if seconds:
        alarms.at(core, task.not_before, partial(offer_again, core, task.id))
    else:
        offer(core, task)


def move(core: Core, task: Task, status: Status, reason: str = "") -> None:
    """Bring a task to a status, and its job with it; the log tells."""
    is_news = task.status != status
    task.status, task.reason = status, reason
    core.upgrades.keep(task)
    if is_news or status == Status.QUEUED:
        device = core.registry.device(task.product_key, task.device_name)
        core.note_about("ota_task", device, reason=reason, status=status, **_described(task))
    if status in FINAL:
        outcomes.settle(core, core.upgrades.jobs[task.job_id])


def _clear_the_way(core: Core, job: Job, device: Device, task: Task) -> Task | None:
    """Cancel what gives way to a new task; return what does not, if anything."""
    rules = job.rules
    for other in core.upgrades.unfinished(device):
        if rules.multi_module and other.module != task.module:
            continue
        if other.status == Status.IN_PROGRESS or not (rules.overwrite or rules.multi_module):
            return other
        move(core, other, Status.CANCELED, f"task {task.id} takes its place")
    return None


def _push(core: Core, device: Device, task: Task) -> None:
    body = {
        "code": _PUSHED,
        "data": notices.data(core, task),
        "id": core.ids.ota_push(),
        "message": "success",
    }
    topic = f"/ota/device/upgrade/{device.product_key}/{device.name}"
    if core.send(device, topic, compact(body)):
        for session in core.sessions.of(device):
            session.offered = FIRMWARE
        core.note_about("ota_pushed", device, **_described(task))
        if task.status == Status.QUEUED:
            move(core, task, Status.NOTIFIED)


def _has_offer(core: Core, device: Device) -> bool:
    """Tell whether a session of the device has got an offer."""
    return any(one.offered == FIRMWARE for one in core.sessions.of(device))


def _is_failure(core: Core, task: Task) -> bool:
    """Tell whether another version than the task's, under way, ends it."""
    rule = core.settings.ota_other_version
    return rule == "always" or (rule == "finished" and task.progress == 100)


def _described(task: Task) -> dict[str, str]:
    return {"version": task.version, "module": task.module, "job": task.job_id, "task": task.id}
