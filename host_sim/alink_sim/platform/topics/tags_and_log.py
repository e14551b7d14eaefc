"""Tags and log lines of a device.

docs/reference/protocol.md, "Remote config, tags, log".
"""

from __future__ import annotations

import re
from typing import Any

from alink_sim.platform.core import Core
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.thing import MALFORMED

_MAX_TAGS = 200
_MAX_ASKED = 10  # Keys in one request for tags.
_MAX_LINES = 1000  # In one message.
_MAX_LOG = 4096
TAG_KEY = re.compile(r"[A-Za-z0-9_\-#@%&*.]{1,30}")
MAX_TAG = 128  # Characters of a value.


def tags_update(core: Core, session: Session, request: Request) -> Result:
    """Keep a device's tags: [{"attrKey": ..., "attrValue": ...}], at most 200."""
    given = _tags(request.params)
    if given is None or len(given) > _MAX_TAGS:
        return MALFORMED
    wanted = {one["attrKey"]: str(one.get("attrValue", "")) for one in given}
    for key, value in wanted.items():
        if not TAG_KEY.fullmatch(key):
            return _refused(f"the tag key {key!r} is not 1 to 30 letters, digits and _-#@%&*.")
        if len(value) > MAX_TAG:
            return _refused(
                f"the value of the tag {key} has {len(value)} characters; the limit is {MAX_TAG}"
            )
    tags = session.device.documents.get("tags", {}) | wanted
    if len(tags) > _MAX_TAGS:
        return MALFORMED
    core.registry.keep(session.device, "tags", tags)
    core.note("tags_updated", session, tags=sorted(tags))
    return Result()


def _refused(message: str) -> Result:
    return Result(code=MALFORMED.code, message=message)


def tags_delete(core: Core, session: Session, request: Request) -> Result:
    """Delete tags by key."""
    given = _tags(request.params)
    if given is None:
        return MALFORMED
    tags = dict(session.device.documents.get("tags", {}))
    for one in given:
        tags.pop(one["attrKey"], None)
    core.registry.keep(session.device, "tags", tags)
    core.note("tags_updated", session, tags=sorted(tags))
    return Result()


def tags_get(_core: Core, session: Session, request: Request) -> Result:
    """Return the tags with the listed keys, at most 10; one that the device lacks is left out."""
    keys = request.params
    if not isinstance(keys, list) or len(keys) > _MAX_ASKED:
        return MALFORMED
    if not all(isinstance(key, str) for key in keys):
        return MALFORMED
    tags = session.device.documents.get("tags", {})
    return Result(data=[{"attrKey": k, "attrValue": tags[k]} for k in keys if k in tags])


def log_post(core: Core, session: Session, request: Request) -> Result:
    """Note the lines of a device's log."""
    given = _listed(request.params, "logContent")
    if given is None or len(given) > _MAX_LINES:
        return MALFORMED
    if any(len(str(one["logContent"])) > _MAX_LOG for one in given):
        return MALFORMED
    for one in given:
        core.note(
            "device_log",
            session,
            level=one.get("logLevel", ""),
            module=one.get("module", ""),
            content=one["logContent"],
            at=one.get("utcTime", ""),
        )
    return Result()


def log_get(_core: Core, session: Session, _request: Request) -> Result:
    """Return which lines the cloud wants: {"content": {"mode": 0 or 1}}."""
    mode = session.device.documents.get("log_mode", 0)
    return Result(data={"getType": "content", "content": {"mode": mode}})


def _tags(params: Any) -> list[dict[str, Any]] | None:
    given = _listed(params, "attrKey")
    return given if all(isinstance(one["attrKey"], str) for one in given or ()) else None


def _listed(params: Any, key: str) -> list[dict[str, Any]] | None:
    # A list of objects that have `key`; one object stands for a list of one.
    given = [params] if isinstance(params, dict) else params
    if not isinstance(given, list):
        return None
    return given if all(isinstance(one, dict) and key in one for one in given) else None
