"""The end of a job, and the verdict on its package, once its tasks have ended."""

from __future__ import annotations

from alink_sim.platform.core import Core
from alink_sim.platform.state.ota_entities import FINAL, Job, JobStatus, Status, Verified


def settle(core: Core, job: Job) -> None:
    """Complete a job whose last task is over; a DYNAMIC one goes on until it is canceled."""
    if job.status != JobStatus.IN_PROGRESS or job.selection == "DYNAMIC":
        return
    tasks = core.upgrades.tasks_in(job)
    if any(one.status not in FINAL for one in tasks):
        return
    if job.type == "VERIFY_FIRMWARE":
        firmware = core.upgrades.firmwares[job.firmware_id]
        is_good = bool(tasks) and all(one.status == Status.SUCCEEDED for one in tasks)
        firmware.verified = Verified.YES if is_good else Verified.FAILED
        core.upgrades.keep(firmware)
    is_canceled = bool(tasks) and all(one.status == Status.CANCELED for one in tasks)
    end(core, job, JobStatus.CANCELED if is_canceled else JobStatus.COMPLETED)


def end(core: Core, job: Job, status: JobStatus) -> None:
    """Bring a job to its last status."""
    job.status = status
    job.ended = core.clock.time()
    core.upgrades.keep(job)
    core.note_about("ota_job", core.registry.product(job.product_key), job=job.id, status=status)
