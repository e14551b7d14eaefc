"""A board behind mpremote, without mpremote: fast tests of the job."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from alink_factory.board.mpremote import ReplContent

MAC = "a0b765123456"


@dataclass
class ReplBoard:
    """A board that runs MicroPython, as mpremote sees it; `is_worn`: its NVS keeps nothing."""

    mac: str = MAC
    labels: tuple[str, ...] = ("nvs", "vfs")
    cert: bytes = b""
    files: dict[str, str] = field(default_factory=dict)
    is_worn: bool = False
    resets: int = 0

    def look(self) -> ReplContent:
        return ReplContent(
            self.mac, "1.26.1", self.labels, self.cert, b"", (), dict(self.files), ()
        )

    def store(self, record: bytes, *, forget: bool, remove: list[str]) -> None:
        self.cert = b"" if self.is_worn else record

    def copy(self, files: Mapping[str, bytes], *, folders: list[str]) -> None:
        self.files |= {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}

    def reset(self) -> None:
        self.resets += 1
