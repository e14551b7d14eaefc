"""The Alink JSON envelope, from the platform's side (docs/reference/protocol.md, "TSL")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.compact import compact


@dataclass(frozen=True)
class Request:
    """A request of a device; `params` is None if missing, or if the body is not a JSON object."""

    id: Any
    params: Any
    wants_reply: bool
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The result of a request: 200 or a vendor code, with its message."""

    code: int = 200
    data: Any = field(default_factory=dict)
    message: str = "success"


def parse(payload: bytes, *, default_ack: int = 1) -> Request:
    """Return the request in a payload; a missing member is absent and raises nothing.

    `default_ack` is what a request without `sys.ack` is taken to say.
    """
    try:
        body = bounded_json.loads(payload)
    except JsonError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    sys = body.get("sys")
    ack = sys.get("ack", default_ack) if isinstance(sys, dict) else default_ack
    return Request(
        id=body.get("id", "0"),  # The very value that came: a string stays one.
        params=body.get("params"),
        wants_reply=ack != 0,
        body=body,
    )


def reply(request: Request, result: Result, *, method: str) -> bytes | None:
    """Return the reply to a request; None where it succeeded and none was wanted.

    A `method` of "" leaves method and version out, as the replies about sessions do.
    """
    if result.code == 200 and not request.wants_reply:
        return None
    body = {
        "code": result.code,
        "data": result.data,
        "id": request.id,
        "message": result.message,
    }
    return compact(body | {"method": method, "version": "1.0"} if method else body)
