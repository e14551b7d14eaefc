"""Files that devices are uploading over MQTT, in memory until the last block has come."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from alink_sim.platform.state.entities import Device

KEPT = 24 * 3600.0  # Seconds that an unfinished upload is kept.
_MOST = 8  # Uploads of one device; an older one is forgotten.


@dataclass
class Upload:
    """An upload of a device. `size` is -1 if it is not known before the last block.

    `expected` is the CRC-64 that the device announced, in hex, "" without one; `crc` is that of
    the data so far. `uid` is the device's own name of its request, `begun` in seconds since 1970.
    """

    name: str
    size: int
    expected: str
    uid: str
    begun: float
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    data: bytearray = field(default_factory=bytearray, repr=False)
    crc: int = 0
    done: bool = False


class FileUploads:
    """The uploads of a platform, by device."""

    def __init__(self) -> None:
        self._by_device: dict[str, dict[str, Upload]] = {}

    def begin(self, device: Device, upload: Upload) -> None:
        """Take up an upload."""
        mine = self._by_device.setdefault(device.iot_id, {})
        mine[upload.id] = upload
        if len(mine) > _MOST:
            del mine[next(iter(mine))]

    def with_id(self, device: Device, upload_id: str, *, now: float) -> Upload | None:
        """Return an upload of a device, None without one."""
        return self._fresh(device, now).get(upload_id)

    def of_name(self, device: Device, name: str, *, now: float) -> Upload | None:
        """Return a device's unfinished upload of a file, None without one."""
        fresh = self._fresh(device, now).values()
        return next((one for one in fresh if one.name == name and not one.done), None)

    def forget(self, device: Device, upload: Upload) -> None:
        """Forget an upload with its data."""
        self._by_device.get(device.iot_id, {}).pop(upload.id, None)

    def _fresh(self, device: Device, now: float) -> dict[str, Upload]:
        mine = self._by_device.get(device.iot_id, {})
        for one in [one for one in mine.values() if now - one.begun > KEPT]:
            del mine[one.id]
        return mine
