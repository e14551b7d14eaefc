"""Files of packages over MQTT, block by block (docs/reference/protocol.md, "OTA")."""

from __future__ import annotations

import re
from typing import Any

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.state.ota_entities import Content, Task
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import envelope
from alink_sim.platform.topics.checksums import crc16
from alink_sim.platform.topics.envelope import Request

_STRAY = re.compile(rb",(?=\s*\})")
_REFUSED = 460


class _BadBlockError(Exception):
    """A block cannot be sent; the text says why."""


def block(core: Core, session: Session, payload: bytes) -> bytes:
    """Return a framed block of a file of the device's task, or the reason of a refusal."""
    request = envelope.parse(_STRAY.sub(b"", payload))  # The C SDK leaves a comma in it.
    try:
        asked = _Asked(request)
        task = _task(core, session, asked.stream_id)
        content = _content(core, task, asked.file_id)
        return _reply(core, session, request, asked, content)
    except _BadBlockError as error:
        reason = str(error)
        core.note("ota_download_refused", session, reason=reason, via="mqtt")
        return _framed({"id": request.id, "code": _REFUSED, "msg": reason, "data": {}}, b"")


class _Asked:
    """The range that a request names: a file by two numbers, `size` bytes from `offset` on."""

    def __init__(self, request: Request) -> None:
        params = request.params if isinstance(request.params, dict) else {}
        self.token = str(params.get("fileToken", ""))
        self.stream_id = _number(params, "fileInfo", "streamId")
        self.file_id = _number(params, "fileInfo", "fileId")
        self.size = _number(params, "fileBlock", "size")
        self.offset = _number(params, "fileBlock", "offset")


def _number(params: dict[str, Any], group: str, name: str) -> int:
    found = params.get(group)
    number = found.get(name) if isinstance(found, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise _BadBlockError(f"{group}.{name} is missing, or no number from 0 on")
    return number


def _task(core: Core, session: Session, stream_id: int) -> Task:
    for task in core.upgrades.unfinished(session.device):
        if task.stream_id == stream_id:
            return task
    raise _BadBlockError(f"stream {stream_id} is not one of the device")


def _content(core: Core, task: Task, file_id: int) -> Content:
    files = core.upgrades.firmwares[task.firmware_id].files
    if not 1 <= file_id <= len(files):
        raise _BadBlockError(f"stream {task.stream_id} has no file {file_id}")
    return core.upgrades.contents[files[file_id - 1].key]


def _reply(
    core: Core, session: Session, request: Request, asked: _Asked, content: Content
) -> bytes:
    size, most = len(content.data), core.settings.ota_block_bytes
    if not 1 <= asked.size <= most or asked.offset >= size:
        raise _BadBlockError(
            f"{asked.size} bytes from {asked.offset} on: a block has 1 to {most}, the file {size}"
        )
    data = content.data[asked.offset : asked.offset + asked.size]
    core.note(
        "ota_downloaded",
        session,
        path=content.key,
        first=asked.offset,
        last=asked.offset + len(data) - 1,
        size=size,
        via="mqtt",
    )
    told = {
        "fileToken": asked.token,
        "fileLength": size,
        "bOffset": asked.offset,
        "bSize": len(data),
    }
    return _framed({"id": request.id, "code": 200, "data": told}, data)


def _framed(head: dict[str, Any], data: bytes) -> bytes:
    text = compact(head)
    return len(text).to_bytes(2, "big") + text + data + crc16(data).to_bytes(2, "little")
