"""Update packages: files in, a package out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alink_sim.platform.ota.entities import Content, File, Firmware
from alink_sim.platform.ota.upgrades import Upgrades

SIGN_METHODS = {"SHA256": "sha256", "Md5": "md5"}
PROTOCOLS = ("HTTPS", "MQTT")
MAX_FILES = 20
MAX_OVER_MQTT = 16 << 20


class PackageError(ValueError):
    """A package cannot be made so, or not be brought so; the text says what can."""


def make(upgrades: Upgrades, draft: Firmware, files: Mapping[str, bytes]) -> Firmware:
    """Keep a package like `draft`, which has no files yet, of files by name; return it.

    Raises PackageError.
    """
    if draft.sign_method not in SIGN_METHODS:
        raise PackageError(
            f"sign_method is {draft.sign_method!r}; it takes one of: {', '.join(SIGN_METHODS)}"
        )
    if not 1 <= len(files) <= MAX_FILES:
        raise PackageError(f"{len(files)} files; a package has 1 to {MAX_FILES}")
    if not draft.version or not all(files.values()):
        raise PackageError("a package needs a version, and no file of it is empty")
    firmware = replace(draft, files=[_file(draft, *one) for one in files.items()])
    for file, data in zip(firmware.files, files.values(), strict=True):
        upgrades.keep(Content(file.key, data))
    return upgrades.keep(firmware)


def check_protocol(protocol: str, sizes: Sequence[int]) -> None:
    """Return if files of these sizes can be downloaded by a protocol. Raises PackageError."""
    if protocol not in PROTOCOLS:
        raise PackageError(f"protocol is {protocol!r}; it takes one of: {', '.join(PROTOCOLS)}")
    if protocol == "MQTT" and (len(sizes) > 1 or sum(sizes) > MAX_OVER_MQTT):
        raise PackageError(
            f"{len(sizes)} files, {sum(sizes)} bytes; over MQTT goes one of {MAX_OVER_MQTT}"
        )


def _file(draft: Firmware, name: str, data: bytes) -> File:
    return File(
        name=name,
        size=len(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        sign=hashlib.new(SIGN_METHODS[draft.sign_method], data).hexdigest(),
        key=f"ota/{draft.id}/{name}",
    )
