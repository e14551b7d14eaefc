"""Update packages: files in, a package out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from alink_sim.platform.ota.entities import Content, File, Firmware
from alink_sim.platform.ota.upgrades import Upgrades, fresh_id

SIGN_METHODS = {"SHA256": "sha256", "Md5": "md5"}
MAX_FILES = 20


class PackageError(ValueError):
    """A package cannot be made so; the text says what can."""


def make(
    upgrades: Upgrades,
    product_key: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    module: str,
    sign_method: str,
    src_version: str = "",
) -> Firmware:
    """Keep a package of one file or several, by name. Raises PackageError."""
    if sign_method not in SIGN_METHODS:
        raise PackageError(
            f"sign_method is {sign_method!r}; it takes one of: {', '.join(SIGN_METHODS)}"
        )
    if not 1 <= len(files) <= MAX_FILES:
        raise PackageError(f"{len(files)} files; a package has 1 to {MAX_FILES}")
    if not version or not all(files.values()):
        raise PackageError("a package needs a version, and no file of it is empty")
    number = fresh_id()
    firmware = Firmware(
        id=number,
        product_key=product_key,
        version=version,
        files=[_file(number, name, data, sign_method) for name, data in files.items()],
        module=module,
        src_version=src_version,
        sign_method=sign_method,
        created=upgrades.now(),
    )
    for file, data in zip(firmware.files, files.values(), strict=True):
        upgrades.keep(Content(file.key, data))
    return upgrades.keep(firmware)


def _file(firmware_id: str, name: str, data: bytes, sign_method: str) -> File:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return File(
        name=name,
        size=len(data),
        md5=md5,
        sign=hashlib.new(SIGN_METHODS[sign_method], data).hexdigest(),
        key=f"ota/{firmware_id}/{name}",
    )
