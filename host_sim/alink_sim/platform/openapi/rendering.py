"""Responses of the cloud API as bytes: JSON where the caller asks for it, else XML."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web


def response(name: str, document: dict[str, Any], *, status: int, as_json: bool) -> web.Response:
    """Return a document; `name` is the root of its XML."""
    if as_json:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return _encoded(text, status, "application/json")
    text = f"<?xml version='1.0' encoding='UTF-8'?>{_element(name, document)}"
    return _encoded(text, status, "text/xml")


def _encoded(text: str, status: int, content_type: str) -> web.Response:
    # Half of a surrogate pair may have been stored before such JSON was refused.
    body = text.encode(errors="replace")
    return web.Response(status=status, body=body, content_type=content_type, charset="utf-8")


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        inside = "".join(_element(key, one) for key, one in value.items())
    else:
        inside = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inside}</{name}>"
