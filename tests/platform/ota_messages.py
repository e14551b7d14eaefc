"""What tests of OTA share: a device's reports as packets, and what it is pushed."""

from __future__ import annotations

from typing import Any

from alink_sim.platform import Platform
from tests.platform.wire import Wire, publish

PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
DATA = bytes(range(256)) * 40

_PINGREQ, _PINGRESP = b"\xc0\x00", b"\xd0\x00"


def inform(version: str, module: str = "", *, pk: str = PK, dn: str = DN) -> bytes:
    more = f',"module":"{module}"' if module else ""
    payload = f'{{"id":"1","params":{{"version":"{version}"{more}}}}}'
    return publish(f"/ota/device/inform/{pk}/{dn}", payload.encode())


def progress(step: str, text: str = "", *, pk: str = PK, dn: str = DN) -> bytes:
    payload = f'{{"id":"1","params":{{"step":"{step}","desc":"{text}"}}}}'
    return publish(f"/ota/device/progress/{pk}/{dn}", payload.encode())


def pushed(wire: Wire, *, pk: str = PK, dn: str = DN) -> Any:
    """Return the data of the push that comes next."""
    topic, body, qos = wire.read_publish()
    assert (topic, qos) == (f"/ota/device/upgrade/{pk}/{dn}", 0)
    assert (body["code"], body["message"]) == ("1000", "success")
    assert set(body) == {"code", "data", "id", "message"}
    return body["data"]


def reported(wire: Wire, *packets: bytes) -> None:
    """Send reports, and wait until all are taken up; nothing is pushed meanwhile."""
    assert wire.ask(*packets, _PINGREQ) == _PINGRESP


def status(platform: Platform, *, pk: str = PK, dn: str = DN) -> tuple[str, int]:
    """Return status and progress of a device's newest task."""
    task = platform.ota.tasks(pk, dn)[-1]
    return task.status, task.progress
