"""The batch file (TOML): its keys, checked. Reference: docs/reference/production-line.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from alink_factory.batch import board_tests, label_template, pin
from alink_factory.batch.board_tests import BoardTest, TestTable
from alink_factory.batch.label_template import LabelTable, LabelTemplate
from alink_factory.batch.naming import Naming
from alink_factory.errors import BatchError
from alink_formats import tables
from alink_formats.identity import Identity
from alink_formats.rules import INSTANCE_KINDS
from alink_formats.tables import Table, TableError

NONE = "none"  # In place of the source of a ProductSecret.
_WHERE = ("flash", "efuse")


@dataclass(frozen=True)
class FirmwareFile:
    """A MicroPython image as it is published, and the SHA-256 that it must have."""

    image: Path
    sha256: str


@dataclass(frozen=True)
class MesHook:
    """Where outcomes go: a POST to `url`, or a program that reads them; one of the two is empty.

    `authorization` is the source of the header Authorization, `timeout` seconds for one outcome.
    """

    url: str
    program: tuple[str, ...]
    authorization: str
    timeout: float


@dataclass(frozen=True)
class Batch:
    """A batch, checked as far as possible without its rows.

    `secrets` maps a ProductKey to the source of its ProductSecret, or to NONE if boards get their
    own DeviceSecret from the cloud. `wifi_password` is a source too. `common` is what all boards
    of the batch share, without secrets. `rows_file` is None if `count` says how many boards the
    batch has. `baud` 0 is that of board.json, `app_folder` None the templates of the SDK.
    `attempts` is for one board, before the line asks to scrap it. `asks_cloud`: a row
    whose device is active, disabled or missing in the cloud is refused. `efuse_block` is the
    key block that gets the ProductSecret, None if flash does. `scrubs`: boards may erase their
    certificate.
    `stations` has the rows of stations with separate ledgers, counted from 1 without sub-devices.
    `tests` run on each burned board, in their order. `mes` gets the outcome of each board.
    `labels` is the form of the boards' labels, None without them.
    `pin` is the hash of the supervisor's PIN, "" if every operator may do everything.
    """

    name: str
    file: Path
    product_key: str
    secrets: Mapping[str, str]
    common: Identity
    instance_kind: str
    naming: Naming
    board: str
    layout: str
    rows_file: Path | None
    count: int
    ca_files: tuple[Path, ...]
    wifi_password: str
    baud: int
    firmware: FirmwareFile | None
    app_folder: Path | None
    boot_check: bool
    attempts: int
    asks_cloud: bool
    efuse_block: int | None
    scrubs: bool
    stations: Mapping[str, range]
    tests: tuple[BoardTest, ...]
    mes: MesHook | None
    labels: LabelTemplate | None
    pin: str

    @property
    def folder(self) -> Path:
        """The folder where relative paths of the batch start."""
        return self.file.parent


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text.lower()):
        raise ValueError(f"is {text!r}; write the 64 digits that `sha256sum IMAGE` prints")
    return text.lower()


class _Product(Table):
    key: str = ""
    secret: str = ""
    region: str = ""
    instance_id: str = ""
    instance_kind: Annotated[
        str, tables.matching("|".join(("", *INSTANCE_KINDS)), " or ".join(INSTANCE_KINDS))
    ] = ""
    host: str = ""
    port: Annotated[int, tables.within(0, 65535)] = 0
    ntp_host: str = ""
    https_host: str = ""
    sign_method: str = ""
    method: str = ""
    wifi_ssid: str = ""
    wifi_password: str = ""
    ca: list[str] = Field(default_factory=list)


class _Rows(Table):
    file: str = ""
    count: Annotated[int, tables.within(1, 10_000_000)] | None = None


class _DeviceName(Table):
    scheme: str = "given"
    template: str = ""
    start: int = 1


class _Board(Table):
    name: str = "ESP32_GENERIC"
    layout: str = "factory"
    baud: Annotated[int, tables.within(1, 4_000_000)] | None = None


class _Firmware(Table):
    image: str
    sha256: Annotated[str, AfterValidator(_sha256)]


class _App(Table):
    folder: str = ""


class _Line(Table):
    boot_check: bool = False
    attempts: Annotated[int, tables.within(1, 99)] = 3
    ask_cloud: bool = False


class _Secret(Table):
    where: str = "flash"
    block: Annotated[int, tables.within(0, 5)] = 0
    scrub: bool = False


class _Mes(Table):
    url: Annotated[str, tables.matching("|https?://.+", "http://… or https://…")] = ""
    program: list[str] = Field(default_factory=list)
    authorization: str = ""
    timeout: Annotated[float, tables.within(1, 600)] = 10.0


class _Supervisor(Table):
    pin: str = ""


class _File(Table):
    name: Annotated[
        str, tables.matching(r"[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits and . _ -")
    ]
    product: _Product = Field(default_factory=_Product)
    rows: _Rows = Field(default_factory=_Rows)
    device_name: _DeviceName = Field(default_factory=_DeviceName)
    board: _Board = Field(default_factory=_Board)
    firmware: _Firmware | None = None
    app: _App = Field(default_factory=_App)
    line: _Line = Field(default_factory=_Line)
    stations: dict[str, str] = Field(default_factory=dict)
    tests: list[TestTable] = Field(default_factory=list)
    mes: _Mes | None = None
    labels: LabelTable | None = None
    supervisor: _Supervisor = Field(default_factory=_Supervisor)
    secrets: dict[str, str] = Field(default_factory=dict)
    secret: _Secret = Field(default_factory=_Secret)


def load(file: Path) -> Batch:
    """Return the batch in `file`. Raises BatchError with a sentence for each wrong key."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BatchError(f"{file}: {error.strerror}: name the batch file") from error
    except UnicodeDecodeError as error:
        raise BatchError(f"{file} is not UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BatchError(f"{file}: {error}") from error
    try:
        return _batch(file, tables.check(_File, {"name": file.stem} | content))
    except (BatchError, TableError) as error:
        raise BatchError(*(f"{file}: {message}" for message in error.messages)) from error


def _batch(file: Path, content: _File) -> Batch:
    product, rows, board, line = content.product, content.rows, content.board, content.line
    named = content.device_name
    naming = Naming(scheme=named.scheme, template=named.template, start=named.start)
    naming.check()
    _check_rows(rows, naming)
    tests = board_tests.from_tables(content.tests, file.parent)
    own = {product.key: product.secret} if product.secret else {}
    if product.secret == NONE and product.method:
        raise BatchError(
            f'product.method is "{product.method}", but product.secret is "none": boards with '
            "their own DeviceSecret do not register; remove the method"
        )
    return Batch(
        name=content.name,
        file=file,
        product_key=product.key,
        secrets=content.secrets | own,
        common=Identity(
            region=product.region,
            instance_id=product.instance_id,
            host=product.host,
            port=product.port,
            ntp_host=product.ntp_host,
            https_host=product.https_host,
            sign_method=product.sign_method,
            method=product.method,
            wifi_ssid=product.wifi_ssid,
        ),
        instance_kind=product.instance_kind,
        naming=naming,
        board=board.name,
        layout=board.layout,
        rows_file=_path(file.parent, rows.file),
        count=rows.count or 0,
        ca_files=tuple(file.parent / path for path in product.ca),
        wifi_password=product.wifi_password,
        baud=board.baud or 0,
        firmware=_firmware(content.firmware, file.parent),
        app_folder=_path(file.parent, content.app.folder),
        boot_check=line.boot_check or any(test.is_boot for test in tests),
        attempts=line.attempts,
        asks_cloud=line.ask_cloud,
        efuse_block=_efuse_block(content),
        scrubs=content.secret.scrub,
        stations=_stations(content.stations),
        tests=tests,
        mes=_mes(content.mes),
        labels=label_template.from_table(content.labels, file.parent) if content.labels else None,
        pin=_pin(content.supervisor.pin),
    )


def _pin(text: str) -> str:
    if text and not pin.is_hash(text):
        raise BatchError("supervisor.pin is not a hash: `alink-burn pin` prints it")
    return text


def _mes(table: _Mes | None) -> MesHook | None:
    if table is None:
        return None
    if bool(table.url) == bool(table.program):
        raise BatchError("mes: write url or program, one of them")
    return MesHook(table.url, tuple(table.program), table.authorization, float(table.timeout))


def _stations(listed: dict[str, str]) -> dict[str, range]:
    # Rows of stations with separate ledgers: a row of two stations would be burned twice.
    found: dict[str, range] = {}
    for name, text in listed.items():
        ends = re.fullmatch(r"([1-9][0-9]*)-([1-9][0-9]*)", text)
        if not ends or int(ends[1]) > int(ends[2]):
            raise BatchError(f'stations.{name} is {text!r}; write its first and last row, "1-500"')
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            raise BatchError(f"stations has {name!r}; write 1 to 64 letters, digits and . _ -")
        rows = range(int(ends[1]), int(ends[2]) + 1)
        for other, taken in found.items():
            if rows.start < taken.stop and taken.start < rows.stop:
                both = max(rows.start, taken.start)
                raise BatchError(f"stations.{name} and stations.{other} both have row {both}")
        found[name] = rows
    return found


def _efuse_block(content: _File) -> int | None:
    where, product = content.secret.where, content.product
    if where not in _WHERE:
        raise BatchError(f"secret.where is {where!r}: {tables.nearest(where, _WHERE)}")
    if where == "flash":
        return None
    if product.secret == NONE:
        raise BatchError('secret.where is "efuse", but product.secret is "none": keep one of them')
    if product.sign_method not in ("", "hmacsha256"):
        raise BatchError(
            f'product.sign_method is "{product.sign_method}", but an eFuse key signs hmacsha256 '
            "only: remove sign_method"
        )
    return content.secret.block


def _check_rows(rows: _Rows, naming: Naming) -> None:
    if rows.file and rows.count:
        raise BatchError("rows has both file and count: keep one of them")
    if not rows.file and naming.scheme == "given":
        raise BatchError("rows.file is missing: name a CSV, or use another device_name.scheme")
    if not rows.file and not rows.count:
        raise BatchError("rows.count is missing: write the number of boards, or name rows.file")
    if (rows.count or 0) > 1 and naming.is_one_for_all:
        raise BatchError(
            f"device_name.template {naming.template!r} gives every board the same name: "
            'put a counter into it, as in "lamp-{counter:06d}"'
        )


def _firmware(table: _Firmware | None, folder: Path) -> FirmwareFile | None:
    if table is None:
        return None
    return FirmwareFile(folder / Path(table.image).expanduser(), table.sha256)


def _path(folder: Path, text: str) -> Path | None:
    return folder / Path(text).expanduser() if text else None
