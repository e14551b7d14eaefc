"""Property posts: what a device reports, kept and answered (docs/protocol.md, section "TSL")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a message leads to: values to keep, and a reply to send unless it is None."""

    values: dict[str, Any]
    code: int
    topic: str
    reply: bytes | None


def property_post(product_key: str, device_name: str, topic: str, payload: bytes) -> Answer | None:
    """Return what a message of a device leads to; None if it is no property post."""
    if topic != f"/sys/{product_key}/{device_name}/thing/event/property/post":
        return None
    request = _parsed(payload)
    params = request.get("params")
    if isinstance(params, dict):
        code, message, wanted = 200, "success", _wants_reply(request)
        values = {name: _value(given) for name, given in params.items()}
    else:
        code, message, wanted, values = 460, "request parameter error", True, {}
    reply = {
        "code": code,
        "data": {},
        "id": request.get("id", "0"),  # The very value that came: a string stays one.
        "message": message,
        "method": "thing.event.property.post",
        "version": "1.0",
    }
    return Answer(
        values=values,
        code=code,
        topic=f"{topic}_reply",
        reply=compact(reply) if wanted else None,
    )


def compact(body: dict[str, Any]) -> bytes:
    """Return JSON without a blank: the C SDKs find nothing behind one."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")  # A lone surrogate may come back from a device's id.


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        request = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}


def _value(given: Any) -> Any:
    # Either the plain value, or {"value": ..., "time": milliseconds}.
    if isinstance(given, dict) and "value" in given and set(given) <= {"value", "time"}:
        return given["value"]
    return given


def _wants_reply(request: dict[str, Any]) -> bool:
    sys = request.get("sys")
    return not isinstance(sys, dict) or sys.get("ack", 1) != 0
