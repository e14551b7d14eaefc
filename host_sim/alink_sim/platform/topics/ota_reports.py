"""Reports and requests of a device on its OTA topics (docs/reference/protocol.md, "OTA")."""

from __future__ import annotations

from typing import Any

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.ota import jobs, notices, tasks
from alink_sim.platform.state.ota_entities import DEFAULT_MODULE, Status
from alink_sim.platform.state.sessions import CONFIG, FIRMWARE, Session
from alink_sim.platform.topics import envelope
from alink_sim.platform.topics.envelope import Request, Result

_STEPS = range(-4, 101)
_MAX_MODULES = 64
_MAX_NAME = 64  # Characters of a module's name.
_MAX_VERSION = 256


def take(core: Core, session: Session, tail: str, payload: bytes) -> bytes | None:
    """Act on a message to `/ota/device/TAIL/PK/DN`; return the answer on that topic, if any."""
    request = envelope.parse(payload)
    if tail == "request":
        result = get(core, session, request)
        body = {"code": str(_ASKED), "data": result.data, "id": request.id, "message": "success"}
        return compact(body)
    params = request.params if isinstance(request.params, dict) else {}
    module = _module(params)
    version = params.get("version")
    modules = {*session.device.documents.get("modules", {}), module}
    if len(module) > _MAX_NAME or len(modules) > _MAX_MODULES:
        core.note(
            "ota_refused", session, reason=f"more than {_MAX_MODULES} modules, or a long name"
        )
    elif tail == "inform" and isinstance(version, str) and 0 < len(version) <= _MAX_VERSION:
        core.note("ota_version", session, version=version, module=module)
        tasks.version_reported(core, session.device, module, version)
        jobs.version_reported(core, session.device, module)
    elif tail == "progress" and (step := _step(params)) is not None:
        text = str(params.get("desc", ""))
        if _is_of_config(core, session, module):
            core.note("config_progress", session, reason=text, step=step)
            return None
        core.note("ota_progress", session, reason=text, step=step, module=module)
        tasks.progress_reported(core, session.device, module, step, text)
    else:
        core.note("ota_refused", session, reason=f"no {tail} is in the message")
    return None


def get(core: Core, session: Session, request: Request) -> Result:
    """Return what is to be installed, as a push has it; {} for nothing."""
    params = request.params if isinstance(request.params, dict) else {}
    module = _module(params)
    task = core.upgrades.waiting(session.device, module)
    if task and task.status == Status.CONFIRM:
        task = None
    core.note("ota_asked", session, module=module, version=task.version if task else "")
    if task is None:
        return Result(data={})
    session.offered = FIRMWARE
    told = notices.data(core, task)
    if task.status == Status.QUEUED:
        tasks.move(core, task, Status.NOTIFIED)
    return Result(data=told)


def _is_of_config(core: Core, session: Session, module: str) -> bool:
    """Tell whether a progress is that of a config: SDKs for C report its download here too.

    It has no mark. So it is what the platform has offered last, unless an update has begun.
    """
    task = core.upgrades.waiting(session.device, module)
    has_begun = task is not None and task.status == Status.IN_PROGRESS
    return session.offered == CONFIG and module == DEFAULT_MODULE and not has_begun


_ASKED = 1000


def _module(params: dict[str, Any]) -> str:
    return str(params.get("module") or DEFAULT_MODULE)


def _step(params: dict[str, Any]) -> int | None:
    try:
        step = int(str(params.get("step"))[:20])
    except ValueError:
        return None
    return step if step in _STEPS else None
