"""OTA updates: packages, their verification, batches, and what became of each device."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.visit import Visit

_MOST_TASKS = 500


async def index(visit: Visit) -> web.Response:
    """Show packages and batches."""
    view = visit.view
    jobs = view.ota.jobs()
    return visit.page(
        "ota.html",
        packages=view.ota.packages(),
        jobs=[(job, view.ota.package(job.firmware_id), _counts(visit, job.id)) for job in jobs],
        products=view.products(),
        names={product.key: product.name for product in view.products()},
        watch="all",
    )


async def upload(visit: Visit) -> web.Response:
    """Take an update package in."""
    name, data = visit.file("file")
    done = visit.words("Package %(version)s was added.", version=visit.field("version"))
    action = visit.view.ota.add_package(
        visit.field("product"),
        visit.field("version"),
        {name or "firmware.bin": data},
        module=visit.field("module") or "default",
        src_version=visit.field("src_version"),
        sign_method="Md5" if visit.field("sign_method") == "Md5" else "SHA256",
        needs_verification=visit.field("verify") == "1",
    )
    return await visit.attempt(action, then="/ota", done=done)


async def begin(visit: Visit) -> web.Response:
    """Begin a verification or an update of some devices, or of all."""
    names = [name for name in visit.field("devices").replace(",", " ").split() if name]
    verifies = visit.part("what") == "verify"
    package = visit.view.ota.package(visit.part("id"))
    done = (
        visit.words("The verification has begun.")
        if verifies
        else visit.words("The update batch has begun.")
    )
    action = visit.view.ota.begin_batch(
        package,
        names or None,
        verifies=verifies,
        protocol="MQTT" if visit.field("protocol") == "MQTT" else "HTTPS",
    )
    return await visit.attempt(action, then="/ota", done=done)


async def delete(visit: Visit) -> web.Response:
    """Delete a package with its batches."""
    package = visit.view.ota.package(visit.part("id"))
    return await visit.attempt(
        visit.view.ota.remove_package(package),
        then="/ota",
        done=visit.words("Package %(version)s was deleted.", version=package.version),
    )


async def job(visit: Visit) -> web.Response:
    """Show each device of a batch, and why it is where it is."""
    view = visit.view
    found = view.ota.job(visit.part("id"))
    tasks = view.ota.tasks_in(found)
    return visit.page(
        "job.html",
        job=found,
        package=view.ota.package(found.firmware_id),
        tasks=tasks[:_MOST_TASKS],
        count=len(tasks),
        counts=_counts(visit, found.id),
        watch=f"product/{found.product_key}",
    )


async def cancel(visit: Visit) -> web.Response:
    """Cancel what of a batch is not over."""
    found = visit.view.ota.job(visit.part("id"))
    return await visit.attempt(
        visit.view.do(visit.view.ota.facade.cancel, found.id),
        then=address("ota", "jobs", found.id),
        done=visit.words("The batch was canceled."),
    )


def _counts(visit: Visit, job_id: str) -> Counter[str]:
    tasks = visit.view.ota.tasks_in(visit.view.ota.job(job_id))
    return Counter(str(task.status) for task in tasks)


ROUTES = (
    ("GET", "/ota", index),
    ("POST", "/ota", upload),
    ("POST", "/ota/packages/{id}/{what:verify|update}", begin),
    ("POST", "/ota/packages/{id}/delete", delete),
    ("GET", "/ota/jobs/{id}", job),
    ("POST", "/ota/jobs/{id}/cancel", cancel),
)
