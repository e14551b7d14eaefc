"""The batch file (TOML): what is burned, on what, and how boards are named.

docs/reference/production-line.md, "The batch file".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_factory.batch.naming import Naming
from alink_factory.errors import BatchError
from alink_formats.identity import Identity


@dataclass(frozen=True)
class Firmware:
    """A MicroPython image as its makers publish it, and the SHA-256 it must have."""

    image: Path
    sha256: str


@dataclass(frozen=True)
class App:
    """What goes on the volume beside the SDK: the files of `folder`, Python as bytecode.

    `main.py` and `boot.py` stay source. No folder: the templates of the SDK.
    """

    folder: Path | None = None


@dataclass(frozen=True)
class Batch:
    """A batch, checked as far as it can be without its rows.

    `secrets` maps a ProductKey to where its ProductSecret comes from; `common` is what every board
    of the batch is told beside its own identity, without secrets.
    """

    name: str
    file: Path
    product_key: str
    secrets: Mapping[str, str]
    common: Identity
    naming: Naming
    board: str
    layout: str
    rows_file: Path | None = None
    count: int = 0
    wifi_password: str = ""  # Where it comes from, as in `secrets`.
    baud: int = 0  # 0: what board.json says.
    firmware: Firmware | None = None
    app: App = field(default_factory=App)
    boot_check: bool = False
    attempts: int = 3  # on one board, before the line asks for scrap

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the batch start from."""
        return self.file.parent


def load(file: Path) -> Batch:
    """Return the batch in `file`. Raises BatchError naming the key that is wrong."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BatchError(f"{file}: {error.strerror}: name the batch file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BatchError(f"{file}: {error}") from error
    try:
        return _batch(file, _Table(content, ""))
    except BatchError as error:
        raise BatchError(*(f"{file}: {fault}" for fault in error.faults)) from error


def _batch(file: Path, top: _Table) -> Batch:
    rows, product = top.table("rows"), top.table("product")
    board, firmware = top.table("board"), top.table("firmware")
    app, station, naming = top.table("app"), top.table("line"), top.table("device_name")
    name = top.text("name", default=file.stem)
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise BatchError(f"name {name!r}: 1 to 64 letters, digits and . _ - are taken")
    scheme = Naming(
        scheme=naming.text("scheme", default="given"),
        template=naming.text("template"),
        start=naming.number("start", default=1),
    )
    scheme.check()
    key = product.text("key")
    secrets = {str(k): str(v) for k, v in top.table("secrets").rest().items()}
    if source := product.text("secret"):
        secrets[key] = source
    rows_file = rows.path("file", file.parent)
    batch = Batch(
        name=name,
        file=file,
        product_key=key,
        secrets=secrets,
        common=Identity(
            region=product.text("region"),
            instance_id=product.text("instance_id"),
            host=product.text("host"),
            port=product.number("port"),
            ntp_host=product.text("ntp_host"),
            sign_method=product.text("sign_method"),
            method=product.text("method"),
            wifi_ssid=product.text("wifi_ssid"),
            ca=tuple(_root(file.parent / path) for path in product.texts("ca")),
        ),
        naming=scheme,
        board=board.text("name", default="ESP32_GENERIC"),
        layout=board.text("layout", default="factory"),
        rows_file=rows_file,
        count=rows.number("count"),
        wifi_password=product.text("wifi_password"),
        baud=board.number("baud"),
        firmware=_firmware(firmware, file.parent),
        app=App(app.path("folder", file.parent)),
        boot_check=station.flag("boot_check"),
        attempts=station.number("attempts", default=3),
    )
    for table in (rows, product, board, firmware, app, station, naming, top):
        table.close()
    _check(batch)
    return batch


def _check(batch: Batch) -> None:
    if batch.rows_file is None and batch.naming.scheme == "given":
        raise BatchError("rows.file is missing: name a CSV, or choose another device_name.scheme")
    if batch.rows_file is None and batch.count < 1:
        raise BatchError("rows.count is missing: how many boards has the batch?")
    if batch.count > 1 and batch.naming.is_one_for_all:
        raise BatchError(
            f"device_name.template {batch.naming.template!r} is the same for every board: "
            'put a counter into it, as in "lamp-{counter:06d}"'
        )
    if batch.rows_file and batch.count:
        raise BatchError("rows.file and rows.count: one of them says how many boards there are")
    if not 1 <= batch.attempts <= 99:
        raise BatchError(f"line.attempts {batch.attempts}: 1 to 99 are taken")


def _firmware(table: _Table, folder: Path) -> Firmware | None:
    image, digest = table.path("image", folder), table.text("sha256").lower()
    if image is None:
        return None
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        what = repr(digest) if digest else "missing"
        raise BatchError(f"firmware.sha256 is {what}: the 64 digits that `sha256sum IMAGE` prints")
    return Firmware(image, digest)


def _root(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BatchError(f"product.ca {path}: {error.strerror}") from error


class _Table:
    """A table of the file; what nobody asked for when it is closed is a fault."""

    def __init__(self, content: dict[str, Any], name: str) -> None:
        self._content = dict(content)
        self._prefix = f"{name}." if name else ""

    def table(self, key: str) -> _Table:
        return _Table(self._take(key, dict, default={}), self._prefix + key)

    def text(self, key: str, *, default: str = "") -> str:
        return str(self._take(key, str, default=default))

    def texts(self, key: str) -> list[str]:
        return [str(value) for value in self._take(key, list, default=[])]

    def number(self, key: str, *, default: int = 0) -> int:
        return int(self._take(key, int, default=default))

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool, default=False))

    def path(self, key: str, folder: Path) -> Path | None:
        text = self.text(key)
        return folder / Path(text).expanduser() if text else None

    def rest(self) -> dict[str, Any]:
        rest, self._content = self._content, {}
        return rest

    def close(self) -> None:
        if self._content:
            key = self._prefix + min(self._content)
            raise BatchError(
                f"{key} is not a key of a batch file: see docs/reference/production-line.md"
            )

    def _take(self, key: str, kind: type, *, default: Any) -> Any:
        value = self._content.pop(key, default)
        if type(value) is not kind:
            names = {str: "text in quotes", int: "a number", bool: "true or false", list: "a list"}
            wanted = names.get(kind, f"a table [{key}]")
            raise BatchError(f"{self._prefix}{key} is not {wanted}")
        return value
