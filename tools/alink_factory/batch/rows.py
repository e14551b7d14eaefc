"""The rows of a batch: a CSV or a count in, one row a board out, a sentence for each mistake.

Columns, in any order: ProductKey, DeviceName, DeviceSecret, SerialNumber, Imei, Mac, Kind
(device, gateway, subdevice), Gateway, SubProducts (ProductKeys with spaces between). A column that
starts with "x-" belongs to the user. Limits: docs/explanation/identity.md.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from alink_factory.batch.batch_file import Batch
from alink_factory.batch.columns import COLUMNS
from alink_factory.errors import BatchError
from alink_formats import tables
from alink_formats.identity import IdentityError, check_field, fingerprint

KINDS = ("device", "gateway", "subdevice")
_PRODUCT_SECRET = ("productsecret", "产品密钥")
_OURS = frozenset(COLUMNS.values())
_WRITTEN = (
    *("ProductKey", "DeviceName", "DeviceSecret", "SerialNumber", "Imei", "Mac"),
    *("Kind", "Gateway", "SubProducts"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d+")


@dataclass(frozen=True, repr=False, kw_only=True, slots=True)
class Row:
    """One board of the batch: what to burn on it. Its repr shows no secret.

    `key` is its name in the ledger, which stays the same if the file is sorted again. `csv_line`
    is its text line in the file, or the counter. `device_name` is empty until a board or a scan
    decides it. A row of kind "subdevice" is registered and never burned.
    """

    key: str
    csv_line: int
    counter: int
    product_key: str
    device_name: str = ""
    device_secret: str = ""
    serial: str = ""
    mac: str = ""  # 12 hexadecimal digits: only this board may become the row.
    kind: str = "device"
    gateway: str = ""
    sub_products: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()  # Columns of the user, by name.

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={fingerprint(value) if field.name == 'device_secret' else repr(value)}"
            for field in fields(self)
            if (value := getattr(self, field.name))
        ]
        return f"Row({', '.join(shown)})"


@dataclass(frozen=True)
class RefusedRow:
    """A row that no board gets, and why: a sentence that begins with its DeviceName."""

    row: Row
    why: str


def read(batch: Batch) -> tuple[Row, ...]:
    """Return the rows of a batch in file order. Raises BatchError with every mistake in them."""
    if batch.rows_file is None:
        cells: Iterable[tuple[int, dict[str, str]]] = ((n, {}) for n in range(1, batch.count + 1))
        where = str(batch.file)
    else:
        cells = _cells(batch.rows_file)
        where = str(batch.rows_file)
    rows, errors = [], []
    for number, (line, values) in enumerate(cells):
        try:
            rows.append(_row(batch, batch.naming.start + number, line, values))
        except BatchError as error:
            errors += [f"{where} line {line}: {message}" for message in error.messages]
    errors += [f"{where}: {message}" for message in _clashes(rows)]
    if errors:
        raise BatchError(*errors)
    if not rows:
        raise BatchError(f"{where} has no rows: add a line for each board")
    return tuple(rows)


def _cells(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    whole = 0  # The last line of the newest row that was read.
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = _header(next(reader, []), file)
            whole = reader.line_num
            for cells in reader:
                whole = reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                if not "".join(cells).isprintable():
                    _refuse_control(cells, f"{file} line {whole}")
                # Excel saves columns that were once in use as empty cells.
                without = [cell for cell in cells[len(header) :] if cell.strip()]
                without += [
                    cell
                    for name, cell in zip(header, cells, strict=False)
                    if cell.strip() and not name
                ]
                if without:
                    raise BatchError(
                        f"{file} line {whole}: the cell {without[0].strip()!r} has no "
                        "column name: name its column on the first line, or empty the cell"
                    )
                pairs = zip(header, cells, strict=False)
                yield whole, {name: cell.strip() for name, cell in pairs if name}
    except OSError as error:
        raise BatchError(f"{file}: {error.strerror}: name the rows in rows.file") from error
    except UnicodeDecodeError as error:
        raise BatchError(f"{file} is not UTF-8: save it as CSV UTF-8") from error
    except csv.Error as error:
        # An open quote would take all rows after it for one cell.
        raise BatchError(
            f"{file} line {whole + 1} is not CSV ({error}): close each quoted cell, and write two "
            "quotes for one inside"
        ) from error


def _refuse_control(cells: list[str], where: str) -> None:
    if cell := next(filter(_CONTROL.search, cells), None):
        raise BatchError(f"{where}: the cell {cell!r} has a control character: type it again")


def _header(cells: list[str], file: Path) -> list[str]:
    if any(map(_CONTROL.search, cells)):
        raise BatchError(f"{file} is not a text file: save it as CSV UTF-8")
    names: list[str] = []
    for cell in cells:
        word = re.sub(r"[\s_]", "", cell).lower()
        name = cell.strip() if not word or word.startswith("x-") else COLUMNS.get(word)
        if word in _PRODUCT_SECRET:
            raise BatchError(
                f"{file}: column {cell!r} holds a secret of all boards: remove it, and name the "
                "source of the ProductSecret in product.secret"
            )
        if name is None and re.search(r"[;\t]", cell):
            raise BatchError(f"{file}: {cell!r}: separate columns with commas")
        if name is None:
            near = tables.nearest(cell.strip(), _WRITTEN)
            raise BatchError(f"{file}: column {cell!r} is unknown: {near} (yours begin with x-)")
        if name and name in names:
            other = cells[names.index(name)].strip()
            if other == cell.strip():
                raise BatchError(f"{file}: column {cell!r} appears twice: remove one")
            raise BatchError(
                f"{file}: columns {other!r} and {cell!r} are one field: remove one, or begin it "
                "with x-"
            )
        names.append(name)
    if not any(names):
        raise BatchError(f"{file} has no column names on its first line")
    return names


def _row(batch: Batch, counter: int, line: int, values: dict[str, str]) -> Row:
    key = values.get("product_key") or batch.product_key
    serial, mac = values.get("serial", ""), _mac(values.get("mac", ""))
    name = values.get("device_name") or _known_name(batch, counter, key, serial, mac)
    kind = values.get("kind", "").lower() or "device"
    mistakes = (_mistake_of_key(key), _mistake("device_name", name) if name else "")
    errors = [mistake for mistake in (*mistakes, _mistake_of_serial(serial)) if mistake]
    if not name and batch.naming.scheme == "given":
        errors.append("DeviceName is missing")
    if batch.naming.names_itself and kind != "subdevice" and values.get("device_name"):
        errors.append(
            f'DeviceName is {name!r}, but device_name.scheme is "board": empty the cell, or use '
            "another scheme"
        )
    if kind not in KINDS:
        errors.append(f"Kind is {kind!r}: {tables.nearest(kind, KINDS)}")
    if kind == "subdevice" and not name:
        errors.append("DeviceName is missing: a sub-device has no board to take it from")
    if errors:
        raise BatchError(*errors)
    own = f"serial:{serial}" if serial else f"mac:{mac}" if mac else f"#{counter}"
    if name:
        own = (
            name if key == batch.product_key else f"{key}/{name}"
        )  # Two products may have the same name.
    return Row(
        key=own,
        csv_line=line,
        counter=counter,
        product_key=key,
        device_name=name,
        device_secret=values.get("device_secret", ""),
        serial=serial,
        mac=mac,
        kind=kind,
        gateway=values.get("gateway", ""),
        sub_products=tuple(values.get("sub_products", "").split()),
        extra=tuple((name, value) for name, value in values.items() if name not in _OURS),
    )


@lru_cache(maxsize=8)
def _mistake_of_key(product_key: str) -> str:
    # Rows have few different ProductKeys.
    return _mistake("product_key", product_key)


def _mistake(field: str, value: str) -> str:
    # A sentence if the field cannot have this value, "" otherwise.
    try:
        check_field(field, value)
    except IdentityError as error:
        return str(error)
    return ""


def _known_name(batch: Batch, counter: int, key: str, serial: str, mac: str) -> str:
    naming = batch.naming
    if naming.scheme == "given" or (naming.needs_mac and not mac):
        return ""
    if naming.needs_serial and not serial:
        return ""
    return naming.name(counter=counter, mac=mac, serial=serial, product_key=key)


def _mistake_of_serial(serial: str) -> str:
    # A number that no scanner reads, "" for a good one.
    if serial.isascii() and serial.isalnum():
        return ""
    if _ROUNDED.fullmatch(serial):
        return f"SerialNumber {serial!r} was rounded: fill it in again, in a column of text"
    if _FULL_WIDTH.search(serial):
        plain = unicodedata.normalize("NFKC", serial)
        return f"SerialNumber {serial!r} has full-width characters: write {plain}"
    if not serial.isprintable():
        return f"SerialNumber {serial!r} has an invisible character: type it again"
    return ""


def _mac(text: str) -> str:
    if not text:
        return ""
    digits = re.sub(r"[:\-.]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise BatchError(f"Mac is {text!r}; write 12 hexadecimal digits, as in a0:b7:65:12:34:56")
    return digits


def _clashes(rows: list[Row]) -> Iterator[str]:
    for what in ("DeviceName", "SerialNumber", "Mac"):
        attribute = {"SerialNumber": "serial"}.get(what) or COLUMNS[what.lower()]
        seen: dict[str, int] = {}
        for row in rows:
            value = str(getattr(row, attribute))
            # The key of a row with a name is the name, and its product if it is another one.
            one = row.key if what == "DeviceName" else value
            if value and seen.setdefault(one, row.csv_line) != row.csv_line:
                yield f"{what} {value!r} is on line {seen[one]} and on line {row.csv_line}"
    names = {row.device_name for row in rows if row.kind == "gateway"}
    for row in rows:
        if row.gateway and row.gateway not in names:
            yield f"line {row.csv_line}: Gateway {row.gateway!r} is not a gateway of this batch"
