"""Actions on update packages: a file up, a package made of it.

docs/reference/protocol.md, "OTA".
"""

from __future__ import annotations

import re
from typing import Any

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.ota_modules import modules
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.ota import packages, uploads
from alink_sim.platform.state.entities import Product
from alink_sim.platform.state.ota_entities import (
    DEFAULT_MODULE,
    FINAL,
    Content,
    Firmware,
    JobStatus,
    Verified,
)
from alink_sim.platform.state.ota_registry import fresh_id

_MOST = 500
_MAX_UDI = 4096
_SUFFIXES = ("bin", "dav", "apk", "tar", "gz", "tar.gz", "zip", "gzip", "tar.xz", "pack")
_METHODS = {"MD5": "Md5", "SHA256": "SHA256"}
_VERSION = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_NAME = re.compile(r"[^\W_][\w\-()]{0,39}")
_FILE_NAME = re.compile(r".{1,32}")


async def generate_url(call: Call) -> Response:
    """Return the form that puts a file into the bucket, and the name the file will have."""
    call.instance()
    form = uploads.ticket(call.core, call.choice("FileSuffix", _SUFFIXES, "bin"))
    bucket = call.core.bucket
    return {
        "Data": {
            "FirmwareUrl": bucket.plain_url(form["key"]),
            "Host": bucket.plain_url("").rstrip("/"),
            "Key": form["key"],
            "OSSAccessKeyId": form["OSSAccessKeyId"],
            "ObjectStorage": "OSS",
            "Policy": form["policy"],
            "Signature": form["Signature"],
            "UtcCreate": utc(call.core.clock.time()),
        }
    }


async def create(call: Call) -> Response:
    """Make a package of a file that was uploaded, or of several."""
    product = call.product()
    upgrades = call.core.upgrades
    made = _draft(call, product)
    if any(one.name == made.name for one in upgrades.firmwares.values()):
        raise ApiError("iot.ota.AlreadyExistedFirmwareName")
    if len(upgrades.firmwares) >= _MOST:
        raise ApiError("iot.ota.TooManyFirmwares")
    for name, (content, sign) in _files(call).items():
        # A digest that is given is passed on right or wrong, as the real one does.
        made.files.append(
            packages.describe(content, name, sign_method=made.sign_method, sign=sign)
        )
    upgrades.keep(made)
    return {"Data": {"FirmwareId": made.id, "UtcCreate": utc(made.created)}}


async def delete(call: Call) -> Response:
    """Delete a package with its batches; all of them must have ended."""
    found = firmware(call)
    jobs = [one for one in call.core.upgrades.jobs.values() if one.firmware_id == found.id]
    unfinished = (
        task.status not in FINAL for job in jobs for task in call.core.upgrades.tasks_in(job)
    )
    open_jobs = (JobStatus.PLANNED, JobStatus.IN_PROGRESS)
    if any(job.status in open_jobs for job in jobs) or any(unfinished):
        raise ApiError("iot.ota.FirmwareInUse")
    call.core.upgrades.remove(found)
    return {}


async def list_all(call: Call) -> Response:
    """Return a page of packages: a product's, or all of the instance."""
    keys = {one.key for one in ([call.product()] if call.text("ProductKey") else _products(call))}
    version = call.text("DestVersion")
    found = [
        one
        for one in call.core.upgrades.firmwares.values()
        if one.product_key in keys and version in ("", one.version)
    ]
    page = Page.of(call, found, most=100)
    infos = [_listed(call, one) | _of_single(one) for one in page.items]
    return {
        "FirmwareInfo": {"SimpleFirmwareInfo": infos},
        "CurrentPage": page.number,
        **page.facts,
    }


async def query(call: Call) -> Response:
    """Return a package; its files with URLs by which they may be had."""
    found = firmware(call)
    until = int(call.core.clock.time() + call.core.settings.ota_url_seconds)
    urls = [call.core.bucket.url(one.key, "", until=until) for one in found.files]
    info = _listed(call, found) | {"Udi": found.udi, "VerifyProgress": _progress(call, found)}
    if len(found.files) == 1:
        info |= _of_single(found) | {"FirmwareUrl": urls[0]}
    else:
        info["MultiFiles"] = [
            {
                "FileMd5": one.md5,
                "Name": one.name,
                "SignValue": one.sign,
                "Size": one.size,
                "Url": url,
            }
            for one, url in zip(found.files, urls, strict=True)
        ]
    return {"FirmwareInfo": info}


ACTIONS = {
    "GenerateOTAUploadURL": ApiAction(generate_url, 10),
    "CreateOTAFirmware": ApiAction(create, 10, ("ProductKey", "DestVersion", "FirmwareName")),
    "DeleteOTAFirmware": ApiAction(delete, 10, ("FirmwareId",)),
    "ListOTAFirmware": ApiAction(list_all, 10, ("CurrentPage", "PageSize")),
    "QueryOTAFirmware": ApiAction(query, 20, ("FirmwareId",)),
}


def firmware(call: Call) -> Firmware:
    """Return the package that a call names, if its instance has it. Raises ApiError."""
    found = call.core.upgrades.firmwares.get(call.text("FirmwareId"))
    keys = {one.key for one in _products(call)}
    if found is None or found.product_key not in keys:
        raise ApiError("iot.ota.NotExistedFirmware")
    return found


def _products(call: Call) -> list[Product]:
    products = call.core.registry.products.values()
    return [one for one in products if one.instance == call.instance()]


def _draft(call: Call, product: Product) -> Firmware:
    version, name = call.text("DestVersion"), call.text("FirmwareName")
    src_version = call.text("SrcVersion")
    is_diff = call.choice("Type", ("0", "1"), "0") == "1"
    for field, text, form in (
        ("DestVersion", version, _VERSION),
        ("FirmwareName", name, _NAME),
        ("SrcVersion", src_version or version, _VERSION),
    ):
        if not form.fullmatch(text):
            raise invalid(field)
    if is_diff and src_version in ("", version):
        raise invalid("SrcVersion")
    if len(call.text("FirmwareDesc")) > 100:
        raise invalid("FirmwareDesc")
    if len(call.text("Udi")) > _MAX_UDI:
        raise invalid("Udi")
    module = call.text("ModuleName") or DEFAULT_MODULE
    if module not in modules(product):
        raise ApiError("iot.ota.NotExistedModule")
    needs = call.switch("NeedToVerify", default=True)
    return Firmware(
        id=fresh_id(),
        product_key=product.key,
        version=version,
        files=[],
        name=name,
        description=call.text("FirmwareDesc"),
        module=module,
        src_version=src_version if is_diff else "",
        sign_method=_METHODS[call.choice("SignMethod", tuple(_METHODS), "MD5")],
        udi=call.text("Udi"),
        verified=Verified.NO if needs else Verified.NOT_NEEDED,
        created=call.core.clock.time(),
    )


def _files(call: Call) -> dict[str, tuple[Content, str]]:
    """Return the uploaded files by name, each with the caller's digest."""
    found: dict[str, tuple[Content, str]] = {}
    while item := call.item("MultiFiles", len(found) + 1):
        name = item.text("Name")
        if not _FILE_NAME.fullmatch(name) or name in found:
            raise invalid("MultiFiles")
        content = _uploaded(call, item.text("Url"))
        if any(content is other for other, _ in found.values()):
            raise invalid("MultiFiles")  # A file is of one package, and there but once.
        found[name] = content, item.text("SignValue")
    if len(found) > packages.MAX_FILES or (found and call.text("FirmwareUrl")):
        raise invalid("MultiFiles")
    if not found:
        content = _uploaded(call, call.needed("FirmwareUrl"))
        found[content.key.rpartition("/")[2]] = content, call.text("FirmwareSign")
    return found


def _uploaded(call: Call, url: str) -> Content:
    key = call.core.bucket.path(url)
    used = {file.key for one in call.core.upgrades.firmwares.values() for file in one.files}
    content = call.core.upgrades.contents.get(key)
    if content is None or key in used:
        raise ApiError("iot.ota.NotExistedFile")
    return content


def _listed(call: Call, one: Firmware) -> Response:
    return {
        "DestVersion": one.version,
        "FirmwareDesc": one.description,
        "FirmwareId": one.id,
        "FirmwareName": one.name,
        "ModuleName": one.module,
        "ProductKey": one.product_key,
        "ProductName": call.core.registry.products[one.product_key].name,
        "SignMethod": next(word for word, method in _METHODS.items() if method == one.sign_method),
        "SrcVersion": one.src_version,
        "Status": int(one.verified),
        "Type": int(bool(one.src_version)),
        "UtcCreate": utc(one.created),
        "UtcModified": utc(one.modified),
    }


def _of_single(one: Firmware) -> dict[str, Any]:
    if len(one.files) > 1:
        return {}
    return {"FirmwareSign": one.files[0].sign, "FirmwareSize": one.files[0].size}


def _progress(call: Call, one: Firmware) -> int:
    """Return how much of a verification is done, in percent."""
    if one.verified != Verified.UNDER_WAY:
        return 100 if one.verified == Verified.YES else 0
    upgrades = call.core.upgrades
    jobs = [job for job in upgrades.jobs.values() if job.firmware_id == one.id]
    tasks = upgrades.tasks_in(jobs[-1])
    return 100 * sum(task.status in FINAL for task in tasks) // len(tasks)
