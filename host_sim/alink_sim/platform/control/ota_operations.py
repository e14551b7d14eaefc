"""What an operator may ask of a running platform about upgrades; see `operations`."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from typing import Any

from alink_sim.platform.platform import Platform
from alink_sim.platform.state.ota_entities import DEFAULT_MODULE, Job, Rules


def ota_publish(
    platform: Platform,
    *,
    product_key: str,
    version: str,
    files: dict[str, str],
    devices: list[str] | None = None,
    module: str = DEFAULT_MODULE,
    sign_method: str = "SHA256",
    src_version: str = "",
    protocol: str = "HTTPS",
) -> dict[str, Any]:
    """Bring a version to devices; return its job. `files` are in Base64, by name."""
    job = platform.ota.publish(
        product_key,
        version,
        {name: base64.b64decode(text, validate=True) for name, text in files.items()},
        module=module,
        devices=devices,
        sign_method=sign_method,
        src_version=src_version,
        rules=Rules(protocol=protocol),
    )
    return ota_job(platform, job_id=job.id)


def ota_job(platform: Platform, *, job_id: str) -> dict[str, Any]:
    """Return how far a job has come, and how many of its devices."""
    tasks = platform.ota.tasks_in(job_id)
    return {
        **_job(platform, platform.ota.job(job_id)),
        "devices": len(tasks),
        **Counter(task.status for task in tasks),
    }


def ota_jobs(platform: Platform, *, product_key: str) -> list[dict[str, Any]]:
    """Return a product's jobs, oldest first, without how many devices each has."""
    return [_job(platform, job) for job in platform.ota.jobs(product_key)]


def ota_tasks(platform: Platform, *, job_id: str) -> list[dict[str, Any]]:
    """Return what became of each device of a job, and why."""
    return [
        {
            "deviceName": task.device_name,
            "status": task.status,
            "progress": task.progress,
            "srcVersion": task.src_version,
            "reason": task.reason,
        }
        for task in platform.ota.tasks_in(job_id)
    ]


def ota_versions(platform: Platform, *, product_key: str, device_name: str) -> dict[str, str]:
    """Return the version that a device has reported of each module."""
    return platform.ota.versions(product_key, device_name)


def ota_cancel(platform: Platform, *, job_id: str) -> dict[str, Any]:
    """Cancel what of a job is not over; return the job."""
    platform.ota.cancel(job_id)
    return ota_job(platform, job_id=job_id)


def _job(platform: Platform, job: Job) -> dict[str, str]:
    firmware = platform.ota.firmware(job.id)
    return {
        "job": job.id,
        "productKey": job.product_key,
        "version": firmware.version,
        "module": firmware.module,
        "status": job.status,
    }


UPGRADES: dict[str, Callable[..., Any]] = {
    operation.__name__: operation
    for operation in (ota_publish, ota_job, ota_jobs, ota_tasks, ota_versions, ota_cancel)
}
