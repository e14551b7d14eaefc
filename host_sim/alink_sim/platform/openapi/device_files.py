"""Actions on the files of a device (docs/reference/protocol.md, "Files of a device")."""

from __future__ import annotations

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.ota_registry import device_file_key
from alink_sim.platform.topics import file_uploads
from alink_sim.platform.topics.file_uploads import DeviceFile


async def list_all(call: Call) -> Response:
    """Return a page of a device's files, the newest first."""
    page = Page.of(call, file_uploads.files_of(call.device())[::-1], most=200)
    infos = [_described(one) for one in page.items]
    return {"Data": {"FileSummary": infos}, "CurrentPage": page.number, **page.facts}


async def query(call: Call) -> Response:
    """Return a file with a URL by which it may be had."""
    device = call.device()
    found = _file(call, device)
    until = int(call.core.clock.time() + call.core.settings.ota_url_seconds)
    url = call.core.bucket.url(device_file_key(device, found.name), "", until=until)
    return {"Data": _described(found) | {"DownloadUrl": url}}


async def delete(call: Call) -> Response:
    """Delete a file."""
    device = call.device()
    file_uploads.remove(call.core, device, _file(call, device).name)
    return {}


ACTIONS = {
    "QueryDeviceFileList": ApiAction(list_all, 20, ("CurrentPage", "PageSize")),
    "QueryDeviceFile": ApiAction(query, 20, ("FileId",)),
    "DeleteDeviceFile": ApiAction(delete, 20, ("FileId",)),
}


def _file(call: Call, device: Device) -> DeviceFile:
    wanted = call.needed("FileId")
    for found in file_uploads.files_of(device):
        if found.id == wanted:
            return found
    raise ApiError("iot.device.NotExistedFile")


def _described(file: DeviceFile) -> Response:
    return {
        "FileId": file.id,
        "Name": file.name,
        "Size": str(file.size),
        "UtcCreatedOn": utc(file.created),
    }
