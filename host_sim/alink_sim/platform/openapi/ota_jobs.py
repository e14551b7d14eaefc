"""Actions on existing batches: their details, and their end."""

from __future__ import annotations

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.ota_packages import firmware
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.ota import jobs
from alink_sim.platform.state.ota_entities import Job, JobStatus, Status

_CANCELS = {
    "CancelQueuedTask": Status.QUEUED,
    "CancelNotifiedTask": Status.NOTIFIED,
    "CancelInProgressTask": Status.IN_PROGRESS,
}


async def query(call: Call) -> Response:
    """Return a batch."""
    found = job(call)
    package = call.core.upgrades.firmwares[found.firmware_id]
    rules = found.rules
    data = {
        **_listed(found),
        "DestVersion": package.version,
        "DownloadProtocol": rules.protocol,
        "MaximumPerMinute": rules.per_minute,
        "MultiModuleMode": rules.multi_module,
        "Name": package.name,
        "NeedConfirm": rules.need_confirm,
        "NeedPush": rules.need_push,
        "OverwriteMode": 2 if rules.overwrite else 1,
        "SrcVersions": {"SrcVersion": found.src_versions},
    }
    if found.selection == "DYNAMIC":
        data["DynamicMode"] = found.dynamic_mode
    if found.gray_percent:
        data["GrayPercent"] = found.gray_percent
    if rules.timeout_minutes:
        data["TimeoutInMinutes"] = rules.timeout_minutes
    if rules.retry_count:
        data |= {"RetryCount": rules.retry_count, "RetryInterval": rules.retry_minutes}
    if found.starts:
        data["UtcScheduleTime"] = utc(found.starts)
    if found.ends:
        data["UtcScheduleFinishTime"] = utc(found.ends)
    return {"Data": data}


async def list_by_firmware(call: Call) -> Response:
    """Return a page of a package's batches."""
    package = firmware(call)
    every = call.core.upgrades.jobs.values()
    return _page(call, [one for one in every if one.firmware_id == package.id], most=200)


async def list_by_device(call: Call) -> Response:
    """Return a page of a package's batches that a device is in."""
    package = firmware(call)
    upgrades = call.core.upgrades
    mine = [upgrades.jobs[task.job_id] for task in upgrades.tasks_of(call.device())]
    # A DYNAMIC one may have several tasks of a device.
    found = {one.id: one for one in mine if one.firmware_id == package.id}
    return _page(call, list(found.values()), most=100)


async def cancel_tasks(call: Call) -> Response:
    """Cancel a batch's tasks of some statuses, or a batch that is only planned."""
    found = job(call)
    statuses = [status for name, status in _CANCELS.items() if call.switch(name, default=False)]
    scheduled = call.switch("CancelScheduledTask", default=False)
    if call.switch("CancelUnconfirmedTask", default=Status.QUEUED in statuses):
        statuses.append(Status.CONFIRM)
    if not statuses and not scheduled:
        raise invalid("CancelQueuedTask")
    if scheduled and found.status == JobStatus.PLANNED:
        jobs.stop(call.core, found)
    jobs.cancel(call.core, found, tuple(statuses))
    return {}


async def cancel_strategy(call: Call) -> Response:
    """End a dynamic batch: no more devices come into it."""
    found = job(call)
    if found.selection != "DYNAMIC":
        raise ApiError("iot.ota.NotDynamicJob")
    if found.status != JobStatus.IN_PROGRESS:
        raise ApiError("iot.ota.InvalidJobStatus")
    jobs.stop(call.core, found)
    return {}


_PAGE = ("CurrentPage", "PageSize")
ACTIONS = {
    "QueryOTAJob": ApiAction(query, 10, ("JobId",)),
    "ListOTAJobByFirmware": ApiAction(list_by_firmware, 10, ("FirmwareId", *_PAGE)),
    "ListOTAJobByDevice": ApiAction(
        list_by_device, 10, ("FirmwareId", "ProductKey", "DeviceName", *_PAGE)
    ),
    "CancelOTATaskByJob": ApiAction(cancel_tasks, 5, ("JobId",)),
    "CancelOTAStrategyByJob": ApiAction(cancel_strategy, 10, ("JobId",)),
}


def job(call: Call) -> Job:
    """Return the batch that a call names, if its instance has it. Raises ApiError."""
    found = call.core.upgrades.jobs.get(call.text("JobId"))
    products = call.core.registry.products
    if found is None or products[found.product_key].instance != call.instance():
        raise ApiError("iot.ota.NotExistedJob")
    return found


def _page(call: Call, found: list[Job], *, most: int) -> Response:
    page = Page.of(call, found, most=most)
    infos = [_listed(one) for one in page.items]
    return {"Data": {"SimpleOTAJobInfo": infos}, "CurrentPage": page.number, **page.facts}


def _listed(one: Job) -> Response:
    moments = {"UtcStartTime": one.started, "UtcEndTime": one.ended}
    return {
        "FirmwareId": one.firmware_id,
        "JobId": one.id,
        "JobStatus": one.status,
        "JobType": one.type,
        "ProductKey": one.product_key,
        "SelectionType": one.selection,
        "Tags": {
            "OtaTagDTO": [{"Key": key, "Value": value} for key, value in one.rules.tags.items()]
        },
        "TargetSelection": one.target,
        "UtcCreate": utc(one.created),
        "UtcModified": utc(one.modified),
        **{name: utc(moment) for name, moment in moments.items() if moment},
    }
