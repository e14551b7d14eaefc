"""The data of a push: URLs of the files of a package, and their digests.

docs/reference/protocol.md, "OTA".
"""

from __future__ import annotations

from typing import Any

from alink_sim.platform.core import Core
from alink_sim.platform.state.ota_entities import DEFAULT_MODULE, File, Firmware, Task


def data(core: Core, task: Task) -> dict[str, Any]:
    """Return the `data` of a push, and of the answer to a device that asks."""
    firmware = core.upgrades.firmwares[task.firmware_id]
    rules = core.upgrades.jobs[task.job_id].rules
    told: dict[str, Any] = {"version": firmware.version, "signMethod": firmware.sign_method}
    if firmware.src_version:
        told["isDiff"] = 1
    if firmware.module != DEFAULT_MODULE:
        told["module"] = firmware.module
    if more := rules.tags | ({"_package_udi": firmware.udi} if firmware.udi else {}):
        told["extData"] = more
    if len(firmware.files) > 1:
        return told | {"files": [_one_of_many(core, task, file) for file in firmware.files]}
    return told | _single(core, task, firmware, rules.protocol)


def _single(core: Core, task: Task, firmware: Firmware, protocol: str) -> dict[str, Any]:
    file = firmware.files[0]
    told: dict[str, Any] = {"size": file.size, "sign": file.sign}
    if firmware.sign_method == "Md5":
        told["md5"] = file.md5
    if protocol == "MQTT":
        return told | {"dProtocol": "mqtt", "streamId": task.stream_id, "streamFileId": 1}
    return told | {"url": _url(core, task, file)}


def _one_of_many(core: Core, task: Task, file: File) -> dict[str, Any]:
    return {
        "fileName": file.name,
        "fileSize": file.size,
        "fileUrl": _url(core, task, file),
        "fileMd5": file.md5,
        "fileSign": file.sign,
    }


def _url(core: Core, task: Task, file: File) -> str:
    until = int(core.clock.time() + core.settings.ota_url_seconds)
    return core.bucket.url(file.key, task.id, until=until)
