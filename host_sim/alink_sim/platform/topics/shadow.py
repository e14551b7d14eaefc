"""The device shadow: reported and desired state with a version.

docs/reference/protocol.md, "Shadow".
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.state.weight import MAX_DEVICE_BYTES, weight

_CLEAR = "null"  # The word, as a JSON string.
_MOST = 128
_MESSAGES = {
    400: "the payload is not JSON",
    401: "there is no method",
    402: "there is no state",
    403: "the version is not a number",
    404: "there is no reported state",
    405: "the reported state is empty",
    406: "the method is not known",
    408: f"more than {_MOST} attributes, or {MAX_DEVICE_BYTES >> 10} KB",
    409: "version conflict",
}


class ShadowError(ValueError):
    """A shadow message that is refused; `args[0]` is the code."""


@dataclass
class Shadow:
    """One device's shadow; times are whole seconds since 1970."""

    version: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, device: Device) -> Shadow:
        """Return a copy of a device's shadow."""
        return cls(**copy.deepcopy(device.documents.get("shadow", {})))

    def set(self, part: str, values: dict[str, Any], *, now: int) -> None:
        """Set attributes of "reported" or "desired"; the word "null" deletes one."""
        state = self.state.setdefault(part, {})
        times = self.metadata.setdefault(part, {})
        for name, value in values.items():
            if value == _CLEAR:
                state.pop(name, None)
                times.pop(name, None)
            else:
                state[name] = value
                times[name] = {"timestamp": now}
        if len(state) > _MOST or weight(state) > MAX_DEVICE_BYTES:
            raise ShadowError(408)

    def clear(self, part: str) -> None:
        """Forget all of "reported" or "desired"."""
        self.state.pop(part, None)
        self.metadata.pop(part, None)

    def advance(self, version: Any, *, minus_one: str) -> None:
        """Take over a newer version. Raises ShadowError 403 or 409.

        `minus_one` tells whether -1 begins again at 0 ("reset"), or is a version like any other.
        """
        if isinstance(version, bool) or not isinstance(version, int):
            raise ShadowError(403)
        if version == -1 and minus_one == "reset":
            self.version = 0
        elif version <= self.version:
            raise ShadowError(409)
        else:
            self.version = version


def handle(core: Core, session: Session, payload: bytes) -> bytes:
    """Act on a message to /shadow/update; return the reply for /shadow/get."""
    now = int(core.clock.time())
    shadow = Shadow.of(session.device)
    try:
        reply = _act(shadow, payload, now=now, minus_one=core.settings.shadow_minus_one)
    except ShadowError as error:
        code = error.args[0]
        core.note("shadow_refused", session, reason=f"{code}: {_MESSAGES[code]}")
        content = {"errorcode": str(code), "errormessage": _MESSAGES[code]}
        return compact(
            {
                "method": "reply",
                "payload": {"status": "error", "content": content},
                "timestamp": now,
            }
        )
    core.registry.keep(session.device, "shadow", vars(shadow))
    core.note("shadow_updated", session, version=shadow.version)
    return compact({"method": "reply", **reply, "timestamp": now})


def control(
    core: Core, device: Device, desired: dict[str, Any], *, version: int, replaces: bool = False
) -> Shadow:
    """Return the shadow with new desired values, for the cloud. Raises ShadowError 408 or 409.

    They are added to those there were, unless this `replaces` them.
    """
    shadow = Shadow.of(device)
    shadow.advance(version, minus_one=core.settings.shadow_minus_one)
    if replaces:
        shadow.clear("desired")
    shadow.set("desired", desired, now=int(core.clock.time()))
    return shadow


def control_message(shadow: Shadow, *, now: int) -> bytes:
    """Return what a device is sent after the cloud has set desired values."""
    return compact(
        {
            "method": "control",
            "payload": {"status": "success", "state": shadow.state, "metadata": shadow.metadata},
            "version": shadow.version,
            "timestamp": now,
        }
    )


def _act(shadow: Shadow, payload: bytes, *, now: int, minus_one: str) -> dict[str, Any]:
    try:
        body = bounded_json.loads(payload)
    except JsonError:
        raise ShadowError(400) from None
    if not isinstance(body, dict) or "method" not in body:
        raise ShadowError(401)
    if body["method"] == "get":
        whole = {"status": "success", "state": shadow.state, "metadata": shadow.metadata}
        return {"payload": whole, "version": shadow.version}
    if body["method"] not in ("update", "delete"):
        raise ShadowError(406)
    state = body.get("state")
    if not isinstance(state, dict):
        raise ShadowError(402)
    shadow.advance(body.get("version"), minus_one=minus_one)
    if body["method"] == "update" and state.get("desired") == _CLEAR and "reported" not in state:
        shadow.clear("desired")
    else:
        _report(shadow, state, deletes=body["method"] == "delete", now=now)
    # No "state" in it: an SDK in the field would take it for the reply to a get.
    return {"payload": {"status": "success", "version": shadow.version}}


def _report(shadow: Shadow, state: dict[str, Any], *, deletes: bool, now: int) -> None:
    reported = state.get("reported")
    if reported == _CLEAR and deletes:
        shadow.clear("reported")
        return
    if not isinstance(reported, dict):
        raise ShadowError(404)
    if not reported:
        raise ShadowError(405)
    shadow.set("reported", dict.fromkeys(reported, _CLEAR) if deletes else reported, now=now)
    if state.get("desired") == _CLEAR:
        shadow.clear("desired")
