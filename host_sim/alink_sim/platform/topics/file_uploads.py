"""Files of a device over MQTT, block by block (docs/reference/protocol.md, "Files of a device").

A finished file is content of the bucket; the document "files" of the device lists them.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Any

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.file_uploads import Upload
from alink_sim.platform.state.ota_entities import Content
from alink_sim.platform.state.ota_registry import device_file_key
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import envelope
from alink_sim.platform.topics.checksums import crc16, crc64
from alink_sim.platform.topics.envelope import Request, Result

_MAX_FILE = 16 << 20
_MAX_FILES = 1000  # Of one device.
_MAX_BLOCK = 128 << 10
_MIN_BLOCK = 256  # Except for the last one.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,99}")
_CRC64 = re.compile(r"[0-9A-Fa-f]{16}")
_STRATEGIES = ("overwrite", "append", "reject")

_MALFORMED, _PARAMETER = 400, 460
_FILE_TOO_LARGE, _BLOCK_TOO_LARGE, _OFFSET, _BLOCK_TOO_SMALL, _BLOCK_DAMAGED = range(78117, 78122)
_NO_UPLOAD, _FILE_EXISTS, _FINISHED, _FILE_DAMAGED, _BLOCK_TWICE = range(78122, 78127)


class _RefusedUploadError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def init(core: Core, session: Session, request: Request) -> Result:
    """Begin an upload, or go on with one; return its id, and its offset where it goes on."""
    params = request.params if isinstance(request.params, dict) else {}
    data: dict[str, Any] = {"fileName": str(params.get("fileName", ""))}
    try:
        upload = _begun(core, session, params)
    except _RefusedUploadError as refused:
        return Result(code=refused.code, data=data, message=str(refused))
    data["uploadId"] = upload.id
    if upload.data:
        data["offset"] = len(upload.data)
    return Result(data=data)


def send(core: Core, session: Session, request: Request) -> Result:
    """Take up a block; the last one completes the file."""
    data = _told(request)
    try:
        upload = _upload(core, session, request)
        is_last = _append(upload, request)
        if not is_last:
            return Result(data=data)
        _complete(core, session, upload)
    except _RefusedUploadError as refused:
        return Result(code=refused.code, data=data, message=str(refused))
    data["complete"] = True
    if upload.expected:
        data |= {
            "ficMode": "crc64",
            "ficValueClient": upload.expected,
            "ficValueServer": _hex(upload.crc),
        }
    return Result(data=data)


def cancel(core: Core, session: Session, request: Request) -> Result:
    """Forget an upload with its data."""
    data = _told(request)
    try:
        core.uploads.forget(session.device, _upload(core, session, request))
    except _RefusedUploadError as refused:
        return Result(code=refused.code, data=data, message=str(refused))
    return Result(data=data)


def framed_request(payload: bytes) -> Request:
    """Return the request of a block: two bytes of length, JSON, the block, its CRC-16.

    Its body is {"block": bytes}; of a damaged one {"is_whole": whether all parts are there}.
    """
    end = 2 + int.from_bytes(payload[:2], "big")
    request = envelope.parse(payload[2:end])
    block, crc = payload[end:-2], int.from_bytes(payload[-2:], "little")
    is_whole = len(payload) >= end + 2
    is_good = is_whole and crc16(block) == crc
    return replace(request, body={"block": block} if is_good else {"is_whole": is_whole})


# The cloud's side


@dataclass(frozen=True)
class DeviceFile:
    """A file that a device has uploaded; `created` in seconds since 1970."""

    id: str
    name: str
    size: int
    created: float


def files_of(device: Device) -> list[DeviceFile]:
    """Return a device's files, oldest first."""
    return [DeviceFile(name=name, **one) for name, one in _documents(device).items()]


def content_of(core: Core, device: Device, name: str) -> bytes:
    """Return the bytes of a device's file. Raises RegistryError for one that it lacks."""
    _check_has(device, name)
    return core.upgrades.contents[device_file_key(device, name)].data


def remove(core: Core, device: Device, name: str) -> None:
    """Delete a device's file. Raises RegistryError for one that it lacks."""
    _check_has(device, name)
    core.upgrades.remove(core.upgrades.contents[device_file_key(device, name)])
    rest = {one: document for one, document in _documents(device).items() if one != name}
    core.registry.keep(device, "files", rest)


def _check_has(device: Device, name: str) -> None:
    if name not in _documents(device):
        known = ", ".join(_documents(device)) or "none"
        raise RegistryError(f"device {device.name} has no file {name!r}; it has {known}")


def _documents(device: Device) -> dict[str, dict[str, Any]]:
    return device.documents.get("files", {})  # type: ignore[no-any-return]


# The device's side


def _begun(core: Core, session: Session, params: dict[str, Any]) -> Upload:
    name, size, strategy, crc = _checked(params)
    device, now = session.device, core.clock.time()
    uid = str(params.get("initUid", ""))
    under_way = core.uploads.of_name(device, name, now=now)
    if under_way and (strategy == "append" or (uid and uid == under_way.uid)):
        return under_way
    if name in _documents(device) or under_way:
        if strategy != "overwrite":
            raise _RefusedUploadError(_FILE_EXISTS, f"there is a file {name}")
        if under_way:
            core.uploads.forget(device, under_way)
        else:
            remove(core, device, name)
    elif len(_documents(device)) >= _MAX_FILES:
        raise _RefusedUploadError(_PARAMETER, f"the device has {_MAX_FILES} files")
    upload = Upload(name=name, size=size, expected=crc, uid=uid, begun=now)
    core.uploads.begin(device, upload)
    return upload


def _checked(params: dict[str, Any]) -> tuple[str, int, str, str]:
    """Return name, size, strategy and CRC-64 of a new upload. Raises _RefusedUploadError."""
    name, size = params.get("fileName"), params.get("fileSize")
    strategy = params.get("conflictStrategy") or "overwrite"
    mode, crc = params.get("ficMode"), params.get("ficValue") or ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        rule = "fileName is not 1 to 100 letters, digits, _ and ., a letter or digit first"
        raise _RefusedUploadError(_PARAMETER, rule)
    if isinstance(size, bool) or not isinstance(size, int) or size < -1 or size == 0:
        raise _RefusedUploadError(_PARAMETER, "fileSize is not a number of bytes, or -1")
    if size > _MAX_FILE:
        raise _RefusedUploadError(_FILE_TOO_LARGE, f"a file has at most {_MAX_FILE} bytes")
    if strategy not in _STRATEGIES:
        known = ", ".join(_STRATEGIES)
        raise _RefusedUploadError(_PARAMETER, f"conflictStrategy takes {known}")
    if mode not in (None, "", "crc64") or bool(mode) != bool(crc) or (mode and size < 0):
        raise _RefusedUploadError(
            _PARAMETER, "ficMode is crc64, with a ficValue and a known fileSize"
        )
    if crc and not (isinstance(crc, str) and _CRC64.fullmatch(crc)):
        raise _RefusedUploadError(_PARAMETER, "ficValue is not 16 hexadecimal digits")
    return name, size, strategy, crc


def _told(request: Request) -> dict[str, Any]:
    """Return what a reply repeats of a request."""
    params = request.params if isinstance(request.params, dict) else {}
    return {name: params[name] for name in ("uploadId", "offset", "bSize") if name in params}


def _upload(core: Core, session: Session, request: Request) -> Upload:
    params = request.params
    if not isinstance(params, dict):
        raise _RefusedUploadError(_MALFORMED, "the payload has another form")
    upload_id = str(params.get("uploadId", ""))
    upload = core.uploads.with_id(session.device, upload_id, now=core.clock.time())
    if upload is None:
        raise _RefusedUploadError(_NO_UPLOAD, "there is no upload with this uploadId")
    if upload.done:
        raise _RefusedUploadError(_FINISHED, "the upload is complete")
    return upload


def _append(upload: Upload, request: Request) -> bool:
    """Add a block; tell whether it is the last one. Raises _RefusedUploadError."""
    params, block = request.params, request.body.get("block")
    offset, size = params.get("offset"), params.get("bSize")
    if block is None and not request.body.get("is_whole"):
        raise _RefusedUploadError(_MALFORMED, "the payload has another form")
    if not all(isinstance(one, int) and one >= 0 for one in (offset, size)):
        raise _RefusedUploadError(_PARAMETER, "offset or bSize is not a number from 0 on")
    if block is None:
        raise _RefusedUploadError(_BLOCK_DAMAGED, "the CRC-16 of the block is another one")
    if size != len(block):
        raise _RefusedUploadError(_PARAMETER, f"bSize is {size}; the block has {len(block)} bytes")
    have = len(upload.data)
    if offset + size <= have and size:
        raise _RefusedUploadError(_BLOCK_TWICE, "these bytes are there already")
    if offset != have:
        raise _RefusedUploadError(_OFFSET, f"offset is {offset}; {have} bytes are there")
    if size > _MAX_BLOCK:
        raise _RefusedUploadError(_BLOCK_TOO_LARGE, f"a block has at most {_MAX_BLOCK} bytes")
    if have + size > (upload.size if upload.size > 0 else _MAX_FILE):
        raise _RefusedUploadError(_FILE_TOO_LARGE, "the file is longer than its fileSize")
    is_last = have + size == upload.size or (upload.size < 0 and params.get("isComplete") is True)
    if size < _MIN_BLOCK and not is_last:
        raise _RefusedUploadError(_BLOCK_TOO_SMALL, f"a block has at least {_MIN_BLOCK} bytes")
    upload.data += block
    if upload.expected:
        upload.crc = crc64(block, upload.crc)
    return is_last


def _complete(core: Core, session: Session, upload: Upload) -> None:
    device, data = session.device, bytes(upload.data)
    if not data or (upload.expected and _hex(upload.crc) != upload.expected.upper()):
        core.uploads.forget(device, upload)
        if not data:
            raise _RefusedUploadError(_PARAMETER, "a file is not empty")
        raise _RefusedUploadError(_FILE_DAMAGED, "the CRC-64 of the file is another one")
    upload.done, upload.data = True, bytearray()
    core.upgrades.keep(Content(device_file_key(device, upload.name), data))
    document = {"id": secrets.token_hex(16), "size": len(data), "created": core.clock.time()}
    core.registry.keep(device, "files", {**_documents(device), upload.name: document})
    core.note("file_uploaded", session, name=upload.name, size=len(data))


def _hex(crc: int) -> str:
    return f"{crc:016X}"
