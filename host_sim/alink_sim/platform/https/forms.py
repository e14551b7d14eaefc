"""Forms that devices post to the registration host, and its JSON responses."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from alink_sim.platform.compact import compact
from alink_sim.platform.state.refusal import Code, RefusedError

_FORM = "application/x-www-form-urlencoded"


async def fields(request: web.Request) -> dict[str, str]:
    """Return the fields of a form. Raises RefusedError."""
    if request.content_type != _FORM:
        raise malformed(f"the Content-Type is {request.content_type}, not {_FORM}")
    try:
        body = (await request.read()).decode()
        return dict(parse_qsl(body, errors="strict", max_num_fields=100))
    except (ValueError, web.HTTPRequestEntityTooLarge) as error:
        raise malformed("the body is not a form, or too long") from error


def response(code: int, rest: Mapping[str, object], *, status: int = 200) -> web.Response:
    """Return a response of JSON."""
    # `code` first: the C SDKs look no further than its first number.
    body = compact({"code": code, **rest})
    return web.Response(body=body, status=status, content_type="application/json")


def malformed(reason: str) -> RefusedError:
    """Return the refusal of a request that lacks a parameter, or has a malformed one."""
    return RefusedError(Code.PARAMETER, reason)
