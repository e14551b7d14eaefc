"""Update packages: files in the bucket in, a package out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from alink_sim.platform.state.ota_entities import Content, File, Firmware
from alink_sim.platform.state.ota_registry import Upgrades

SIGN_METHODS = {"SHA256": "sha256", "Md5": "md5"}
PROTOCOLS = ("HTTPS", "MQTT")
MAX_FILES = 20
MAX_OVER_MQTT = 16 << 20


class UpgradeError(ValueError):
    """A package cannot be made or brought so, or there is no such job; the text says what can."""


def put(upgrades: Upgrades, key: str, data: bytes) -> Content:
    """Lay bytes into the bucket."""
    return upgrades.keep(Content(key, data))


def check(draft: Firmware, files: Mapping[str, bytes]) -> None:
    """Return if a package like `draft` can be made of files, by name. Raises UpgradeError."""
    if draft.sign_method not in SIGN_METHODS:
        raise UpgradeError(f"sign_method is {draft.sign_method!r}; use {', '.join(SIGN_METHODS)}")
    if not 1 <= len(files) <= MAX_FILES:
        raise UpgradeError(f"{len(files)} files; a package has 1 to {MAX_FILES}")
    if not draft.version or not all(files.values()):
        raise UpgradeError("a package needs a version, and no file of it is empty")


def check_protocol(protocol: str, sizes: Sequence[int]) -> None:
    """Return if files of these sizes can be downloaded by a protocol. Raises UpgradeError."""
    if protocol not in PROTOCOLS:
        raise UpgradeError(f"protocol is {protocol!r}; use {', '.join(PROTOCOLS)}")
    if protocol == "MQTT" and (len(sizes) > 1 or sum(sizes) > MAX_OVER_MQTT):
        raise UpgradeError(
            f"{len(sizes)} files, {sum(sizes)} bytes; over MQTT goes one of {MAX_OVER_MQTT}"
        )


def describe(content: Content, name: str, *, sign_method: str, sign: str = "") -> File:
    """Return what a package says of one of its files; a given digest is taken as it is."""
    return File(
        name=name,
        size=len(content.data),
        md5=hashlib.md5(content.data, usedforsecurity=False).hexdigest(),
        sign=sign or hashlib.new(SIGN_METHODS[sign_method], content.data).hexdigest(),
        key=content.key,
    )
