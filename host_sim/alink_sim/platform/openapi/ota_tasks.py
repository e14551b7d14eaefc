"""Actions on what single devices have to do in batches."""

from __future__ import annotations

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.ota_jobs import job
from alink_sim.platform.openapi.ota_packages import firmware
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.ota import tasks
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.ota_entities import JobStatus, Status, Task

_MOST_NAMES, _MOST_IDS = 200, 10


async def list_by_job(call: Call) -> Response:
    """Return a page of a batch's tasks."""
    found = call.core.upgrades.tasks_in(job(call))
    names = call.listed("DeviceNames")
    wanted = call.choice("TaskStatus", ("", *Status), "")
    found = [
        one
        for one in found
        if wanted in ("", one.status) and (not names or one.device_name in names)
    ]
    page = Page.of(call, found, most=100)
    infos = [_described(call, one) for one in page.items]
    return {"Data": {"SimpleOTATaskInfo": infos}, "CurrentPage": page.number, **page.facts}


async def list_unfinished(call: Call) -> Response:
    """Return a device's tasks that are not over."""
    device = call.device()
    module = call.text("ModuleName")
    statuses = call.listed("TaskStatusList") or [call.text("TaskStatus")]
    found = [
        one
        for one in call.core.upgrades.unfinished(device)
        if module in ("", one.module) and {one.status, ""} & set(statuses)
    ]
    infos = [_named(call, one, device) | {"ModuleName": one.module} for one in found]
    return {"Data": {"SimpleOTATaskInfo": infos}}


async def cancel(call: Call) -> Response:
    """Cancel up to 200 devices' tasks for a package, or those in one batch of it."""
    package, product = firmware(call), call.product()
    names = call.listed("DeviceName")
    if not names:
        raise ApiError("iot.device.NoneDeviceNameElement")
    if len(names) > _MOST_NAMES:
        raise ApiError("iot.device.DeviceCountExceeded")
    batch = job(call).id if call.text("JobId") else ""
    for device in [call.device_in(product, name) for name in names]:
        for task in call.core.upgrades.unfinished(device):
            if task.firmware_id == package.id and batch in ("", task.job_id):
                tasks.move(call.core, task, Status.CANCELED, "the task was canceled")
    return {}


async def confirm(call: Call) -> Response:
    """Let up to 10 tasks go on that waited for their user."""
    for task in _listed(call):
        if task.status != Status.CONFIRM:
            raise ApiError("iot.ota.InvalidTaskStatus")
    for task in _listed(call):
        tasks.queue(call.core, task, "its user has confirmed it")
    return {}


async def upgrade_again(call: Call) -> Response:
    """Start up to 10 failed or canceled tasks of a batch again."""
    batch = job(call)
    if batch.status == JobStatus.CANCELED:
        raise ApiError("iot.ota.InvalidJobStatus")
    for task in _listed(call):
        device = call.core.registry.devices[task.product_key, task.device_name]
        if task.job_id != batch.id:
            raise ApiError("iot.ota.NotExistedTask")
        if task.status not in (Status.FAILED, Status.CANCELED) or call.core.upgrades.unfinished(
            device
        ):
            raise ApiError("iot.ota.InvalidTaskStatus")
    batch.status, batch.ended = JobStatus.IN_PROGRESS, 0.0
    call.core.upgrades.keep(batch)
    for task in _listed(call):
        task.tries = 0
        tasks.queue(call.core, task, "the cloud asks for it again")
    return {}


ACTIONS = {
    "ListOTATaskByJob": ApiAction(list_by_job, 10, ("JobId",)),
    "ListOTAUnfinishedTaskByDevice": ApiAction(list_unfinished, 10),
    "CancelOTATaskByDevice": ApiAction(cancel, 10, ("FirmwareId", "ProductKey")),
    "ConfirmOTATask": ApiAction(confirm, 20),
    "ReupgradeOTATask": ApiAction(upgrade_again, 20, ("JobId",)),
}


def _listed(call: Call) -> list[Task]:
    """Return the tasks that a call lists. Raises ApiError."""
    numbers = call.listed("TaskId")
    if not 1 <= len(numbers) <= _MOST_IDS:
        raise invalid("TaskId")
    products = call.core.registry.products
    found = [call.core.upgrades.tasks.get(one) for one in numbers]
    mine = [one for one in found if one and products[one.product_key].instance == call.instance()]
    if len(mine) < len(numbers):
        raise ApiError("iot.ota.NotExistedTask")
    return mine


def _described(call: Call, one: Task) -> Response:
    device = call.core.registry.devices[one.product_key, one.device_name]
    minutes = call.core.upgrades.jobs[one.job_id].rules.timeout_minutes
    told = {
        **_named(call, one, device),
        "Progress": str(one.progress),
        "TaskDesc": one.reason,
    }
    return told | {"Timeout": str(minutes)} if minutes else told


def _named(call: Call, one: Task, device: Device) -> Response:
    return {
        "DestVersion": one.version,
        "DeviceName": one.device_name,
        "FirmwareId": one.firmware_id,
        "IotId": device.iot_id,
        "JobId": one.job_id,
        "ProductKey": one.product_key,
        "ProductName": call.core.registry.products[one.product_key].name,
        "SrcVersion": one.src_version,
        "TaskId": one.id,
        "TaskStatus": one.status,
        "UtcCreate": utc(one.created),
        "UtcModified": utc(one.modified),
    }
