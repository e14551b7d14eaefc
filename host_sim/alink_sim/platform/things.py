"""Property posts: what a device reports, kept and answered (docs/protocol.md, section "TSL")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_POST = "event/property/post"


@dataclass(frozen=True)
class Answer:
    """What the platform makes of a message: values to keep and the reply to send, if any."""

    values: dict[str, Any]
    code: int
    message: str
    topic: str
    reply: bytes | None


def property_post(product_key: str, device_name: str, topic: str, payload: bytes) -> Answer | None:
    """Return what a message on a device's thing topic leads to, None for any other topic."""
    if topic != f"/sys/{product_key}/{device_name}/thing/{_POST}":
        return None
    try:
        request = json.loads(payload)
        params = request["params"]
        values = {name: _value(given) for name, given in params.items()}
        number, code, message = request.get("id", "0"), 200, "success"
        wanted = request.get("sys", {}).get("ack", 1) != 0
    except (ValueError, KeyError, AttributeError, TypeError):
        values, wanted = {}, True
        number, code, message = _id(payload), 460, "request parameter error"
    reply = {
        "code": code,
        "data": {},
        "id": number,
        "message": message,
        "method": "thing." + _POST.replace("/", "."),
        "version": "1.0",
    }
    return Answer(
        values=values,
        code=code,
        message=message,
        topic=f"{topic}_reply",
        reply=compact(reply) if wanted else None,
    )


def compact(body: dict[str, Any]) -> bytes:
    """Return JSON without a blank: the C SDKs find nothing behind one."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _value(given: Any) -> Any:
    # Either the plain value, or {"value": ..., "time": milliseconds}.
    if isinstance(given, dict) and "value" in given and set(given) <= {"value", "time"}:
        return given["value"]
    return given


def _id(payload: bytes) -> Any:
    try:
        return json.loads(payload)["id"]
    except (ValueError, KeyError, TypeError):
        return "0"
