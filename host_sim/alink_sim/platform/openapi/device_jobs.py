"""Actions on device jobs: a document, and perhaps a file, for devices; and on their tasks.

docs/reference/protocol.md, "Device jobs".
"""

from __future__ import annotations

import json
import re
from typing import Any

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.names import is_job_name
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import milliseconds, utc
from alink_sim.platform.ota import uploads
from alink_sim.platform.state.entities import Device, Product
from alink_sim.platform.state.ota_entities import Content
from alink_sim.platform.state.ota_registry import is_of_package
from alink_sim.platform.topics import device_jobs
from alink_sim.platform.topics.device_jobs import DeviceJob, JobError, JobTask, Plan

_FILE = "JOB_FILE"
_SUFFIX = re.compile(r"[A-Za-z0-9.]{1,16}")
_MOST_TEXT = 100  # Characters of a description.
_PER_MINUTE = range(10, 1001)
_TIMEOUT = range(1, 10081)  # Minutes.
_SCHEDULE = range(10 * 60_000, 7 * 86_400_000 + 1)  # Milliseconds ahead.
_LISTS, _PRODUCT = "DEVICE_LIST", "PRODUCT_KEY"

_Found = tuple[Product, Device, JobTask]


async def create(call: Call) -> Response:
    """Create a job for a list of devices, or for all devices of a product."""
    if call.choice("Type", (device_jobs.CUSTOM, "INVOKE_SERVICE", "SET_PROPERTY", "PUB"), "") != (
        device_jobs.CUSTOM
    ):
        raise _wrong(f"Type takes {device_jobs.CUSTOM} here; the other types are not simulated")
    if not is_job_name(call.needed("JobName")):
        raise _wrong("JobName takes 4 to 30 of letters, digits and _")
    target = call.document("TargetConfig")
    product, devices = _targets(call, target)
    file = _file(call)
    plan = Plan(
        name=call.text("JobName"),
        description=_description(call),
        target=str(target["targetType"]),
        scheduled=_scheduled(call),
        timeout_minutes=_setting(call, "TimeoutConfig", "inProgressTimeoutInMinutes", _TIMEOUT),
        per_minute=_setting(call, "RolloutConfig", "maximumPerMinute", _PER_MINUTE),
    )
    try:
        job = device_jobs.create(
            call.core,
            product,
            devices,
            call.document("JobDocument"),
            file=file.data if file else b"",
            sign_method=_sign_method(call),
            plan=plan,
        )
    except JobError as error:
        raise _wrong(str(error)) from error
    return {"JobId": job.id}


async def generate_url(call: Call) -> Response:
    """Return the form that puts the file of a job into the bucket, and the key it will have."""
    call.instance()
    call.choice("BizCode", (_FILE,), _FILE)
    suffix = call.text("FileSuffix") or "bin"
    if not _SUFFIX.fullmatch(suffix):
        raise invalid("FileSuffix")
    form = uploads.ticket(call.core, suffix)
    return {
        "Data": {
            "Host": call.core.bucket.plain_url("").rstrip("/"),
            "Key": form["key"],
            "ObjectStorage": "OSS",
            "OssAccessKeyId": form["OSSAccessKeyId"],
            "Policy": form["policy"],
            "Signature": form["Signature"],
        }
    }


async def update(call: Call) -> Response:
    """Change a job's description, timeout and rate."""
    product, job = _job(call)
    changed = {
        "timeout_minutes": _setting(call, "TimeoutConfig", "inProgressTimeoutInMinutes", _TIMEOUT),
        "per_minute": _setting(call, "RolloutConfig", "maximumPerMinute", _PER_MINUTE),
        "description": _description(call),
    }
    given = {name: value for name, value in changed.items() if value}
    device_jobs.change(call.core, product, job, **given)
    return {}


async def query(call: Call) -> Response:
    """Return a job."""
    product, job = _job(call)
    data = _listed(call, product, job) | {
        "JobDocument": json.dumps(job.document, ensure_ascii=False, separators=(",", ":")),
        "TargetConfig": _target(call, product, job),
    }
    if file := device_jobs.file_of(call.core, job):
        data["JobFile"] = {
            "FileUrl": file["fileUrl"],
            "Sign": file["sign"],
            "SignMethod": file["signMethod"],
        }
    if job.plan.timeout_minutes:
        data["TimeoutConfig"] = {"InProgressTimeoutInMinutes": job.plan.timeout_minutes}
    if job.plan.per_minute:
        data["RolloutConfig"] = {"MaximumPerMinute": job.plan.per_minute}
    return {"Data": data}


async def list_all(call: Call) -> Response:
    """Return a page of the instance's jobs, the newest first."""
    wanted = call.choice("Status", device_jobs.JOB_STATUSES, "") if call.text("Status") else ""
    found = [
        _listed(call, product, job)
        for product in _products(call)
        for job in device_jobs.jobs_of(product)
        if wanted in ("", device_jobs.status_of(call.core, product, job))
    ]
    page = Page.of(call, sorted(found, key=lambda one: one["UtcCreate"], reverse=True))
    return {
        "Data": {"data": page.items},
        "Page": page.number,
        "PageSize": page.facts["PageSize"],
        "Total": page.facts["Total"],
    }


async def cancel(call: Call) -> Response:
    """End the tasks of a job that are not over, and tell their devices."""
    product, job = _job(call)
    device_jobs.cancel(call.core, product, job.id)
    return {}


async def delete(call: Call) -> Response:
    """Delete a job with its tasks, and tell the devices whose task was not over."""
    product, job = _job(call)
    device_jobs.remove(call.core, product, job.id)
    return {}


async def list_tasks(call: Call) -> Response:
    """Return a page of the tasks of a job, or of a device."""
    wanted = call.choice("Status", device_jobs.STATUSES, "") if call.text("Status") else ""
    found = [one for one in _tasks(call) if wanted in ("", one[2].status)]
    size = call.number("Limit", 10, among=range(1, 51))
    start = call.number("NextToken", 0, among=range(1 << 31))
    rest = {"NextToken": str(start + size)} if start + size < len(found) else {}
    infos = [_task(*one) for one in found[start : start + size]]
    return {"Data": {"data": infos}, **rest}


async def query_task(call: Call) -> Response:
    """Return a task."""
    wanted = call.needed("TaskId")
    for product in _products(call):
        for device, task in device_jobs.tasks_of(call.core, product):
            if task.id == wanted:
                return {"Data": _task(product, device, task) | _details(task)}
    raise ApiError("iot.job.NotExistedTask")


async def statistics(call: Call) -> Response:
    """Return how many tasks of a job have each status."""
    product, job = _job(call)
    tasks = device_jobs.tasks_in(call.core, product, job.id)
    counts = {
        name: sum(task.status == status for task in tasks)
        for status, name in (
            (device_jobs.QUEUED, "Queued"),
            (device_jobs.SENT, "Sent"),
            (device_jobs.IN_PROGRESS, "InProgress"),
            ("SUCCEEDED", "Succeeded"),
            ("FAILED", "Failed"),
            ("REJECTED", "Rejected"),
            (device_jobs.TIMED_OUT, "TimeOut"),
            (device_jobs.CANCELLED, "Cancelled"),
        )
    }
    return {"Data": {**counts, "Total": len(tasks)}}


ACTIONS = {
    "CreateJob": ApiAction(create, 5, ("JobDocument", "JobName", "TargetConfig", "Type")),
    "GenerateFileUploadURL": ApiAction(generate_url, 5),
    "UpdateJob": ApiAction(update, 5, ("JobId",)),
    "QueryJob": ApiAction(query, 5, ("JobId",)),
    "ListJob": ApiAction(list_all, 5),
    "CancelJob": ApiAction(cancel, 5, ("JobId",)),
    "DeleteJob": ApiAction(delete, 5, ("JobId",)),
    "ListTask": ApiAction(list_tasks, 5),
    "QueryTask": ApiAction(query_task, 5, ("TaskId",)),
    "QueryJobStatistics": ApiAction(statistics, 5, ("JobId",)),
}


# The parameters of a call


def _targets(call: Call, target: dict[str, Any]) -> tuple[Product, list[Device]]:
    """Return the product and devices that a TargetConfig names. Raises ApiError."""
    kind = target.get("targetType")
    if kind == _PRODUCT:
        product = call.product_with(str(target.get("targetProduct", "")))
        return product, device_jobs.devices_of(call.core, product)
    named = target.get("targetDevices")
    if kind != _LISTS or not isinstance(named, list) or not named:
        raise _wrong(f"targetType takes {_LISTS} with targetDevices, or {_PRODUCT}")
    pairs = [
        (str(one.get("productKey", "")), str(one.get("deviceName", "")))
        for one in named
        if isinstance(one, dict)
    ]
    if len({key for key, _ in pairs}) != 1 or len(pairs) != len(named):
        raise _wrong("targetDevices are objects with productKey and deviceName, of one product")
    product = call.product_with(pairs[0][0])
    return product, [call.device_in(product, name) for _, name in pairs]


def _file(call: Call) -> Content | None:
    """Return the uploaded file of a JobFile, None without one. Raises ApiError."""
    if not call.text("JobFile"):
        return None
    key = str(call.document("JobFile").get("fileKey"))
    content = call.core.upgrades.contents.get(key)
    if content is None or not is_of_package(key):
        raise ApiError("iot.ota.NotExistedFile")
    return content


def _sign_method(call: Call) -> str:
    given = call.document("JobFile").get("signMethod") if call.text("JobFile") else None
    return str(given or "Sha256")


def _scheduled(call: Call) -> float:
    """Return when a job begins, in seconds since 1970, 0 for at once. Raises GatewayError."""
    if not call.text("ScheduledTime"):
        return 0.0
    moment = call.number("ScheduledTime")
    if moment - milliseconds(call.core.clock.time()) not in _SCHEDULE:
        raise invalid("ScheduledTime")
    return moment / 1000


def _setting(call: Call, name: str, member: str, among: range) -> int:
    """Return a number of a JSON parameter, 0 where it is left out. Raises ApiError."""
    if not call.text(name):
        return 0
    value = call.document(name).get(member)
    if type(value) is not int or value not in among:
        raise _wrong(f"{member} is {value!r}; use {among.start} to {among.stop - 1}")
    return value


def _description(call: Call) -> str:
    text = call.text("Description")
    if len(text) > _MOST_TEXT:
        raise _wrong(f"Description has {len(text)} characters; the limit is {_MOST_TEXT}")
    return text


def _wrong(text: str) -> ApiError:
    return ApiError("iot.common.InvalidFormattedParameter", text)


# Jobs and tasks, and how responses show them


def _products(call: Call) -> list[Product]:
    instance = call.instance()
    return [one for one in call.core.registry.products.values() if one.instance == instance]


def _job(call: Call) -> tuple[Product, DeviceJob]:
    wanted = call.needed("JobId")
    for product in _products(call):
        for job in device_jobs.jobs_of(product):
            if job.id == wanted:
                return product, job
    raise ApiError("iot.job.NotExistedJob")


def _tasks(call: Call) -> list[_Found]:
    """Return the tasks that JobId or Device names. Raises ApiError."""
    if call.text("JobId"):
        product, job = _job(call)
        found = device_jobs.tasks_of(call.core, product)
        return [(product, device, task) for device, task in found if task.job_id == job.id]
    named = call.document("Device")
    if iot_id := named.get("iotId"):
        device = call.device_with(str(iot_id))
    else:
        wanted = call.product_with(str(named.get("productKey", "")))
        device = call.device_in(wanted, str(named.get("deviceName", "")))
    product = call.core.registry.products[device.product_key]
    found = device_jobs.tasks_of(call.core, product)
    return [(product, device, task) for one, task in found if one is device]


def _listed(call: Call, product: Product, job: DeviceJob) -> Response:
    data: Response = {
        "Description": job.plan.description,
        "JobId": job.id,
        "JobName": job.plan.name,
        "Status": device_jobs.status_of(call.core, product, job),
        "Type": device_jobs.CUSTOM,
        "UtcCreate": utc(job.created),
        "UtcModified": utc(job.modified or job.created),
    }
    if job.plan.scheduled:
        data["ScheduledTime"] = milliseconds(job.plan.scheduled)
    return data


def _target(call: Call, product: Product, job: DeviceJob) -> Response:
    if job.plan.target == _PRODUCT:
        return {"TargetType": _PRODUCT, "TargetProduct": product.key}
    names = [one.device_name for one in device_jobs.tasks_in(call.core, product, job.id)]
    devices = [{"ProductKey": product.key, "DeviceName": name} for name in names]
    return {"TargetType": _LISTS, "TargetDevices": {"targetDevices": devices}}


def _task(product: Product, device: Device, task: JobTask) -> Response:
    job = next(one for one in device_jobs.jobs_of(product) if one.id == task.job_id)
    return {
        "DeviceName": device.name,
        "IotId": device.iot_id,
        "JobId": job.id,
        "JobName": job.plan.name,
        "ProductKey": product.key,
        "Progress": str(task.progress),
        "Status": task.status,
        "TaskId": task.id,
        "UtcModified": utc(task.modified),
        "UtcQueueTime": utc(task.created),
    }


def _details(task: JobTask) -> Response:
    text = json.dumps(task.details, ensure_ascii=False, separators=(",", ":"))
    return {"StatusDetail": text, "Message": str(task.details.get("msg", ""))}
