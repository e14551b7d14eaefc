"""What OTA keeps: update packages, the jobs that push them, and each device's task, as plain data.

docs/protocol.md, section "OTA"; `tasks` has the rules. Times in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DEFAULT_MODULE = "default"


class Status(StrEnum):
    """How far a device's task has come, in the vendor's words."""

    CONFIRM = "CONFIRM"
    QUEUED = "QUEUED"
    NOTIFIED = "NOTIFIED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing comes after it, but for another try."""
        return self in (Status.SUCCEEDED, Status.FAILED, Status.CANCELED)


class JobStatus(StrEnum):
    """How far a job has come, in the vendor's words."""

    PLANNED = "PLANNED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


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
    """An update package of a product's module; with a `src_version` it is a difference to that."""

    id: str
    product_key: str
    version: str
    files: list[File]
    module: str = DEFAULT_MODULE
    src_version: str = ""
    sign_method: str = "SHA256"
    created: float = 0.0

    @property
    def size(self) -> int:
        """Return the bytes of all its files."""
        return sum(one.size for one in self.files)


@dataclass
class Job:
    """A batch: one package for many devices. `protocol` is HTTPS or MQTT, `tags` go to devices."""

    id: str
    firmware_id: str
    product_key: str
    status: str = JobStatus.IN_PROGRESS
    protocol: str = "HTTPS"
    tags: dict[str, str] = field(default_factory=dict)
    created: float = 0.0


@dataclass
class Task:
    """One device's part in a job. `progress` in percent, `reason` why it came to its status."""

    id: str
    job_id: str
    firmware_id: str
    product_key: str
    device_name: str
    module: str
    version: str
    src_version: str = ""
    status: str = Status.QUEUED
    progress: int = 0
    reason: str = ""
    created: float = 0.0
    modified: float = 0.0


Kept = Firmware | Content | Job | Task


def version_of(documents: dict[str, Any], module: str) -> str:
    """Return the version of a module that a device has reported, "" for none."""
    found: str = documents.get("modules", {}).get(module, "")
    return found
