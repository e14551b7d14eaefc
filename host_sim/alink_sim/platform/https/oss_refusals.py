"""Refusals of the bucket: the XML of OSS."""

from __future__ import annotations

import uuid
from xml.sax.saxutils import escape

from aiohttp import web

from alink_sim.platform.core import Core
from alink_sim.platform.state.ota_bucket import moment


def refusal(
    core: Core, request: web.Request, status: int, code: str, message: str
) -> web.Response:
    """Return a refusal with an OSS code."""
    said = {
        "Code": code,
        "Message": message,
        "RequestId": uuid.uuid4().hex[:24].upper(),
        "HostId": request.host,
        "ServerTime": moment(core.clock.time()),
    }
    inside = "".join(f"  <{name}>{escape(one)}</{name}>\n" for name, one in said.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n{inside}</Error>\n'
    # A Host that is not UTF-8 is not sent back as it came.
    return web.Response(
        status=status,
        body=text.encode(errors="replace"),
        content_type="application/xml",
        charset="utf-8",
    )
