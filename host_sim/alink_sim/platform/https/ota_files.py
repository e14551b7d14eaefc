"""Files of packages over HTTPS, answered as OSS does (docs/reference/protocol.md, "OTA")."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.faults.fault import FILE
from alink_sim.platform.https.http_server import HttpServer
from alink_sim.platform.https.oss_refusals import refusal
from alink_sim.platform.ota import uploads
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.ota_bucket import MAX_SIZE, ForbiddenError, moment

_FORM = 1 << 16  # Bytes of a form beside its file.
_TYPE = "application/octet-stream"
_STATUSES = ("200", "201", "204")
_RANGE = re.compile(r"bytes=([0-9]{0,20})-([0-9]{0,20})")
_MAX_FIELDS = 32
_MAX_FIELD = 16384  # Bytes.


def server(core: Core, *, tls: PortTls) -> HttpServer:
    """Return what serves the bucket."""
    app = web.Application(client_max_size=MAX_SIZE + _FORM)
    app.router.add_post("/", partial(_post, core))
    app.router.add_route("*", "/{path:.+}", partial(_get, core))
    return HttpServer(core, app, tls=tls, tls_only=True)


async def _post(core: Core, request: web.Request) -> web.Response:
    """Take a form in; its file is at rest by the answer, and not read before its signature."""
    form: dict[str, str] = {}
    try:
        file = await _fields(request, form)
        if file is None:
            return refusal(core, request, 400, "InvalidArgument", "The form has no file.")
        now = moment(core.clock.time())
        core.bucket.check_form(form, size=0, now=now)
        data = await _content(file)
        core.bucket.check_form(form, size=len(data), now=now)
    except ForbiddenError as error:
        core.note("ota_upload_refused", reason=f"{error.code}: {error.message}")
        return refusal(core, request, 403, error.code, error.message)
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001 (aiohttp raises a dozen kinds for a form that is broken)
        text = "The body is not well-formed multipart/form-data."
        return refusal(core, request, 400, "MalformedPOSTRequest", text)
    uploads.put(core, form["key"], data)
    await core.commits.settled()
    wanted = form.get("success_action_status")
    return web.Response(status=int(wanted) if wanted in _STATUSES else 204)


async def _fields(request: web.Request, form: dict[str, str]) -> BodyPartReader | None:
    """Read the fields of a form up to its file, which is the last one; return that."""
    parts = await request.multipart()
    while (part := await parts.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise ValueError("a part has parts")  # noqa: TRY004 (the form is broken)
        if part.name == "file":
            return part
        data = await part.read_chunk(_MAX_FIELD)
        if len(form) >= _MAX_FIELDS or not part.at_eof():
            raise ValueError("too many fields, or one that is too long")
        form[part.name or ""] = data.decode()
    return None


async def _content(file: BodyPartReader) -> bytes:
    """Return a file, one byte more than the largest at most."""
    data = bytearray()
    while (chunk := await file.read_chunk(1 << 16)) and len(data) <= MAX_SIZE:
        data += chunk
    return bytes(data)


async def _get(core: Core, request: web.Request) -> web.StreamResponse:
    path = request.match_info["path"]
    query = dict(parse_qsl(request.rel_url.raw_query_string))
    try:
        token = core.bucket.check(request.method, path, query, now=core.clock.time())
    except ForbiddenError as error:
        reason = f"{error.code}: {error.message}"
        _note(core, "ota_download_refused", query.get("security-token", ""), reason, path=path)
        return refusal(core, request, 403, error.code, error.message)
    content = core.upgrades.contents.get(path)
    if content is None:
        _note(core, "ota_download_refused", token, "NoSuchKey: the package is gone", path=path)
        return refusal(core, request, 404, "NoSuchKey", "The specified key does not exist.")
    size = len(content.data)
    part = _range(request.headers.get("Range", ""), size)
    first, last = part or (0, size - 1)
    headers = {"Accept-Ranges": "bytes"}
    if part:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    _note(core, "ota_downloaded", token, "", path=path, first=first, last=last, size=size)
    status, data = 206 if part else 200, content.data[first : last + 1]
    who = _who(core, token)
    if fault := core.faults.of_file(who):
        core.note_fault(fault, who, on=FILE)
    if fault and fault.kind == "cut_file":
        return await _cut(request, status, headers, data, at=fault.at or 0)
    if fault:
        at = min(fault.at or 0, len(data) - 1)
        data = data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :]
    return web.Response(status=status, headers=headers, body=data, content_type=_TYPE)


async def _cut(
    request: web.Request, status: int, headers: dict[str, str], data: bytes, *, at: int
) -> web.StreamResponse:
    """Begin to send data, and end in the middle of it."""
    assert request.transport  # noqa: S101 (it has brought a request)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type, response.content_length = _TYPE, len(data)
    await response.prepare(request)
    await response.write(data[:at])
    request.transport.close()  # Once all of that is out.
    return response


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte; None is all: a range beyond the end counts for nothing."""
    found = _RANGE.match(header)
    if not found or found[0] == "bytes=-":
        return None
    if not found[1]:
        first, last = size - int(found[2]), size - 1
    else:
        first, last = int(found[1]), int(found[2] or size - 1)
    return (first, last) if 0 <= first <= last < size else None


def _device(core: Core, token: str) -> Device | None:
    task = core.upgrades.tasks.get(token)
    return core.registry.devices.get((task.product_key, task.device_name)) if task else None


def _who(core: Core, token: str) -> Credentials | None:
    if (device := _device(core, token)) is None:
        return None
    return Credentials(Kind.LOGIN, device.product_key, device.name, "", {}, "")


def _note(core: Core, kind: str, token: str, reason: str, **detail: Any) -> None:
    if device := _device(core, token):
        core.note_about(kind, device, reason=reason, via="https", **detail)
    else:
        core.note(kind, reason=reason, via="https", **detail)
