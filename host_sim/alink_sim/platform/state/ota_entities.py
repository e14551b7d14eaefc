"""What OTA keeps: update packages, the jobs that push them, and each device's task, as plain data.

docs/reference/protocol.md, "OTA"; `jobs` and `tasks` have the rules. Times in seconds since 1970,
0 for never. Words in capitals are the vendor's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

DEFAULT_MODULE = "default"


class Status(StrEnum):
    """How far a device's task has come."""

    CONFIRM = "CONFIRM"
    QUEUED = "QUEUED"
    NOTIFIED = "NOTIFIED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


FINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELED)


class JobStatus(StrEnum):
    """How far a job has come."""

    PLANNED = "PLANNED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


class Verified(IntEnum):
    """Whether a package may go to all devices: only once some of them have tried it."""

    NOT_NEEDED = -1
    NO = 0
    YES = 1
    UNDER_WAY = 2
    FAILED = 3


@dataclass
class File:
    """One file of a package; `key` names its bytes in the bucket, `sign` is their digest."""

    name: str
    size: int
    md5: str
    sign: str
    key: str


@dataclass
class Content:
    """The bytes of a file in the bucket."""

    key: str
    data: bytes = field(repr=False)


@dataclass
class Firmware:
    """An update package of a product's module; with a `src_version` it is a difference to that.

    `udi` is text for the devices, `verified` a number of `Verified`.
    """

    id: str
    product_key: str
    version: str
    files: list[File]
    name: str = ""
    description: str = ""
    module: str = DEFAULT_MODULE
    src_version: str = ""
    sign_method: str = "SHA256"
    udi: str = ""
    verified: int = Verified.NOT_NEEDED
    created: float = 0.0
    modified: float = 0.0


@dataclass
class Rules:
    """The rules of a job for its devices.

    Attributes:
        protocol: how they download, "HTTPS" or "MQTT".
        tags: names and values that devices get with the package.
        need_push: whether the platform pushes it; else devices must ask.
        need_confirm: whether each task waits until its user has confirmed it.
        overwrite: whether a task that a device has not begun gives way; else the new one fails.
        multi_module: whether tasks of other modules are not in the way.
        timeout_minutes: how long a device may take from its first progress on; 0 is any time.
        retry_count: how often a task that failed is tried again.
        retry_minutes: how long after the failure.
        per_minute: how many devices get the push in a minute.
    """

    protocol: str = "HTTPS"
    tags: dict[str, str] = field(default_factory=dict)
    need_push: bool = True
    need_confirm: bool = False
    overwrite: bool = False
    multi_module: bool = False
    timeout_minutes: int = 0
    retry_count: int = 0
    retry_minutes: int = 0
    per_minute: int = 10000


@dataclass
class Job:
    """A batch: one package for many devices.

    `device_names` are those it is for, None is all of the product; a DYNAMIC one is for all that
    report one of `src_versions`, in `dynamic_mode` 2 from its start on only. A job that `starts`
    later is PLANNED until then; when it `ends`, its open tasks are canceled.
    """

    id: str
    firmware_id: str
    product_key: str
    type: str = "UPGRADE_FIRMWARE"
    selection: str = "STATIC"
    target: str = "ALL"
    rules: Rules = field(default_factory=Rules)
    device_names: list[str] | None = None
    src_versions: list[str] = field(default_factory=list)
    gray_percent: str = ""
    dynamic_mode: int = 1
    status: str = JobStatus.PLANNED
    starts: float = 0.0
    ends: float = 0.0
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    modified: float = 0.0


@dataclass
class Task:
    """One device's part in a job.

    `progress` in percent; `reason` is why it came to its status; `stream_id` names its files for a
    download over MQTT. `started` is its first progress; it was tried `tries` times before, and is
    not pushed before `not_before`.
    """

    id: str
    job_id: str
    firmware_id: str
    product_key: str
    device_name: str
    module: str
    version: str
    stream_id: int
    src_version: str = ""
    status: str = Status.QUEUED
    progress: int = 0
    reason: str = ""
    tries: int = 0
    not_before: float = 0.0
    created: float = 0.0
    started: float = 0.0
    modified: float = 0.0


OtaEntity = Firmware | Content | Job | Task


def version_of(documents: dict[str, Any], module: str) -> str:
    """Return the version of a module that a device has reported, "" for none."""
    found: str = documents.get("modules", {}).get(module, "")
    return found
