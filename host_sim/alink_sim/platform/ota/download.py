"""Files of packages over HTTPS, answered as OSS does (docs/protocol.md, section "OTA")."""

from __future__ import annotations

import re
import ssl
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from alink_sim.platform.core import Core
from alink_sim.platform.entities import Device
from alink_sim.platform.http_server import HttpServer
from alink_sim.platform.ota import uploads
from alink_sim.platform.ota.bucket import MAX_SIZE, ForbiddenError
from alink_sim.platform.ota.refusals import refusal

_FORM = 1 << 16  # Bytes of a form beside its file.
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def server(core: Core, *, tls: ssl.SSLContext) -> HttpServer:
    """Return what serves the bucket."""
    app = web.Application(client_max_size=MAX_SIZE + _FORM)
    app.router.add_post("/", partial(uploads.answer, core))
    app.router.add_route("*", "/{path:.+}", partial(_answer, core))
    return HttpServer(core, app, tls=tls, tls_only=True)


async def _answer(core: Core, request: web.Request) -> web.Response:
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
    return web.Response(
        status=206 if part else 200,
        headers=headers,
        body=content.data[first : last + 1],
        content_type="application/octet-stream",
    )


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


def _note(core: Core, kind: str, token: str, reason: str, **detail: Any) -> None:
    if device := _device(core, token):
        core.note_about(kind, device, reason=reason, via="https", **detail)
    else:
        core.note(kind, reason=reason, via="https", **detail)
