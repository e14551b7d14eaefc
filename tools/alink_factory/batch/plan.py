"""A batch with every file it names, checked before the first board is touched."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from alink_factory.batch import batch_file, board_tests, efuse, label_template, rows, secret
from alink_factory.batch.batch_file import NONE, Batch
from alink_factory.batch.open_rows import OpenRows
from alink_factory.batch.rows import Row
from alink_factory.errors import BatchError
from alink_factory.image import firmware, vfs
from alink_factory.image.recipe import Recipe
from alink_factory.ledger import Ledger, TakenRows
from alink_formats import board as boards
from alink_formats import identity as identities
from alink_formats import rules
from alink_formats.board import BoardDefinition
from alink_formats.identity import Identity, IdentityError, SubProduct
from alink_formats.sources import boards_dir

_EXAMPLE_MAC = "f" * 12
_EXAMPLE_SECRET = "f" * 32  # As long as the DeviceSecrets of the platform.
_SETTINGS = ("region", "instance_id", "host", "ntp_host", "sign_method", "method", "wifi_ssid")


@dataclass(frozen=True, repr=False)
class Plan:
    """A batch that can be burned. It holds secrets; its repr shows none of them."""

    batch: Batch
    rows: tuple[Row, ...]
    board: BoardDefinition
    firmware: firmware.FirmwareImage | None
    files: dict[str, bytes]
    secrets: dict[str, str]
    wifi_password: str
    roots: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Plan({self.batch.name!r}, {len(self.rows)} rows)"

    @cached_property
    def burnable(self) -> tuple[Row, ...]:
        """The rows that become boards: all but the sub-devices."""
        return tuple(row for row in self.rows if row.kind != "subdevice")

    @cached_property
    def by_key(self) -> dict[str, Row]:
        """The rows that become boards, by key."""
        return {row.key: row for row in self.burnable}

    def of_station(self, station: str) -> Plan:
        """Return the plan with the rows of a station. Raises BatchError if it has none."""
        stations = self.batch.stations
        if not stations:
            return self
        if station not in stations:
            raise BatchError(
                f"station {station} has no rows: name one of {', '.join(stations)} with "
                "--station, or add it to [stations]"
            )
        mine = stations[station]
        own = {row.key for row in self.burnable[mine.start - 1 : mine.stop - 1]}
        kept = (row for row in self.rows if row.kind == "subdevice" or row.key in own)
        return replace(self, rows=tuple(kept))

    def without(self, keys: Container[str]) -> Plan:
        """Return the plan without the rows that have these keys."""
        return replace(self, rows=tuple(row for row in self.rows if row.key not in keys))

    def candidates(self, *, mac: str, serial: str = "") -> list[Row]:
        """Return the rows that this board may become, with their DeviceNames, in file order."""
        named = (self.named(row, mac=mac, serial=serial) for row in self.burnable)
        found = [row for row in named if row]
        return sorted(found, key=lambda row: row.mac != mac)  # Its own row comes first.

    def free_candidates(self, taken: TakenRows, *, mac: str, serial: str = "") -> Iterator[Row]:
        """Yield the candidates that are not taken, one at a time."""
        own = self._by_mac.get(mac, ())
        listed = (*own, *self._by_label.get(serial, ())) if serial else own
        yield from self._named(listed, taken, mac=mac, serial=serial)
        if not serial or self._has_unlabeled:
            yield from self._named(self._open.free(taken), taken, mac=mac, serial=serial)

    def _named(
        self, rows: Iterable[Row], taken: TakenRows, *, mac: str, serial: str
    ) -> Iterator[Row]:
        for row in rows:
            named = None if row.key in taken else self.named(row, mac=mac, serial=serial)
            if named:
                yield named

    @cached_property
    def _open(self) -> OpenRows:
        return OpenRows([row for row in self.burnable if not row.mac])

    @cached_property
    def _by_mac(self) -> dict[str, tuple[Row, ...]]:
        return {row.mac: (row,) for row in self.burnable if row.mac}

    @cached_property
    def _by_label(self) -> dict[str, tuple[Row, ...]]:
        # Rows by the texts of their labels: SerialNumber and DeviceName.
        found: dict[str, tuple[Row, ...]] = {}
        for row in self.burnable:
            for label in {row.serial, row.device_name} - {""}:
                found[label] = (*found.get(label, ()), row)
        return found

    @cached_property
    def _has_unlabeled(self) -> bool:
        # Whether a row takes any number.
        return any(not (row.serial or row.device_name) for row in self.burnable)

    def named(self, row: Row, *, mac: str, serial: str = "") -> Row | None:
        """Return the row with the DeviceName this board gets, None if the row is not for it."""
        if row.mac not in ("", mac) or (serial and not self._is_selected(row, serial)):
            return None
        naming = self.batch.naming
        if row.device_name:
            return row
        if naming.needs_serial and not (row.serial or serial):
            return None
        name = naming.name(
            counter=row.counter,
            mac=mac,
            serial=row.serial or serial,
            product_key=row.product_key,
        )
        return replace(row, device_name=name)

    def knows_serial(self, serial: str) -> bool:
        """Return whether a scan of this number selects a row."""
        return self._has_unlabeled or serial in self._by_label

    @cached_property
    def takes_scans(self) -> bool:
        """Whether an operator may scan: names need a number, or rows have one."""
        return self.batch.naming.needs_serial or any(row.serial for row in self.burnable)

    def _is_selected(self, row: Row, serial: str) -> bool:
        # A row with neither a number nor a name takes any number.
        if row.serial or row.device_name:
            return serial in (row.serial, row.device_name)
        return True

    def needs_cloud(self, row: Row) -> bool:
        """Return whether the row's DeviceSecret has to come from the cloud."""
        return not row.device_secret and self.batch.secrets.get(row.product_key) == NONE

    def sub_devices(self, row: Row) -> list[Row]:
        """Return the rows of sub-devices behind a gateway that the line creates in the cloud."""
        return [
            one
            for one in self.rows
            if one.kind == "subdevice" and one.gateway == row.device_name and self.needs_cloud(one)
        ]

    def identity(self, row: Row, *, device_secret: str = "") -> Identity:
        """Return the identity to burn for a row with a DeviceName. Raises BatchError.

        `device_secret` is that of a row that `needs_cloud`.
        """
        own = row.device_secret or device_secret
        identity = replace(
            self.batch.common,
            product_key=row.product_key,
            device_name=self.batch.naming.burned(row.device_name),
            device_secret=own,
            product_secret="" if own else self._product_secret(row),
            wifi_password=self.wifi_password,
            ca=self.roots,
            sub_products=tuple(
                SubProduct(key, self.secrets[key])
                for key in row.sub_products
                if key in self.secrets  # Not one whose sub-devices are created in the cloud.
            ),
        )
        try:
            identities.check(identity)
        except IdentityError as error:
            where = self.batch.rows_file or self.batch.file
            raise BatchError(f"{where} line {row.csv_line}: {error}") from error
        return identity

    def _product_secret(self, row: Row) -> str:
        block = self.batch.efuse_block
        return self.secrets[row.product_key] if block is None else f"efuse:{block}"

    def efuse_key(self, row: Row) -> tuple[int, str] | None:
        """Return the key block for the row's ProductSecret, and the secret; None for flash."""
        block = self.batch.efuse_block
        if block is None or row.device_secret:
            return None
        return block, self.secrets[row.product_key]

    def recipe(self, flash_size: int) -> Recipe:
        """Return the recipe for boards with `flash_size` bytes of flash. Raises BatchError."""
        known = self._recipes
        if flash_size not in known:
            try:
                board = self.board.fitted(flash_size)
            except boards.BoardDefinitionError as error:
                raise BatchError(str(error)) from error
            known[flash_size] = Recipe(
                board, self.batch.layout, self.firmware, self.files, scrubs=self.batch.scrubs
            )
        return known[flash_size]

    @cached_property
    def _recipes(self) -> dict[int, Recipe]:
        return {}

    def clashes(self, ledger: Ledger) -> list[str]:
        """Return a sentence for each row whose DeviceName is on a board of another batch."""
        others = {(key, name): (mac, batch) for key, name, mac, batch in self._others(ledger)}
        return [
            f"line {row.csv_line}: DeviceName {row.device_name!r} is on board {others[who][0]} "
            f"of batch {others[who][1]}"
            for row in self.rows
            if others and (who := (row.product_key, row.device_name)) in others
        ]

    def _others(self, ledger: Ledger) -> Iterator[tuple[str, str, str, str]]:
        # Boards of other batches with a product of this batch.
        keys = {row.product_key for row in self.rows}
        return (other for other in ledger.others(self.batch.name) if other[0] in keys)


def load(file: Path) -> Plan:
    """Return the plan of a batch file. Raises BatchError with a sentence for each mistake."""
    batch = batch_file.load(file)
    errors: list[str] = []
    board = _board(batch)
    listed = rows.read(batch)
    secrets = _secrets(batch, listed, errors)
    source, what = batch.wifi_password, "WifiPassword"
    password = secret.read(source, what=what, folder=batch.folder) if source else ""
    wanted = batch.firmware
    image = firmware.load(wanted.image, wanted.sha256, board) if wanted else None
    files = vfs.files(batch.app_folder)
    roots = tuple(_root(path, errors) for path in batch.ca_files)
    errors += _wrong_settings(batch, password)
    wrong = label_template.unusable(batch.labels, batch.folder)
    wrong += board_tests.unusable(batch.tests, batch.folder)
    errors += (f"{file}: {text}" for text in wrong)
    if errors:
        raise BatchError(*errors)
    efuse.check(batch, board, secrets)
    plan = Plan(batch, listed, board, image, files, secrets, password, roots)
    _check_stations(plan)
    _try(plan)
    return plan


def _check_stations(plan: Plan) -> None:
    for name, mine in plan.batch.stations.items():
        if mine.stop - 1 > len(plan.burnable):
            raise BatchError(
                f"{plan.batch.file}: stations.{name} ends with row {mine.stop - 1}, but the batch "
                f"has {len(plan.burnable)} boards"
            )


def _root(path: Path, errors: list[str]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"product.ca {path}: {error.strerror}") from error
    if mistake := rules.root_mistake(data):
        errors.append(f"product.ca {path} {mistake}")
    return data


def _wrong_settings(batch: Batch, password: str) -> list[str]:
    # Returns a sentence for each shared setting that the boards could not use.
    wrong = []
    for name in _SETTINGS:
        value = getattr(batch.common, name)
        if value and (mistake := rules.mistake(name, value)):
            wrong.append(f"{batch.file}: product.{name} {value!r} {mistake}")
    if password and (mistake := rules.mistake("wifi_password", password)):
        wrong.append(f"{batch.file}: product.wifi_password {mistake}")
    return wrong


def _board(batch: Batch) -> BoardDefinition:
    folder = boards_dir() / batch.board
    try:
        board = boards.load(folder)
        board.table(batch.layout)
    except boards.BoardDefinitionError as error:
        raise BatchError(f"{batch.file}: board: {error}") from error
    return board


def _secrets(batch: Batch, listed: Iterable[Row], errors: list[str]) -> dict[str, str]:
    # Reads each ProductSecret once, and only the ones that rows need.
    needed: dict[str, int] = {}
    for row in listed:
        own = () if row.device_secret or row.kind == "subdevice" else (row.product_key,)
        for key in (*own, *row.sub_products):
            needed.setdefault(key, row.csv_line)
    found = {}
    for key, line in needed.items():
        source = batch.secrets.get(key, "")
        if source == NONE:
            continue
        if not source:
            errors.append(
                f"{batch.file}: ProductSecret of {key} is missing (row on line {line}): "
                "name its source in product.secret or in [secrets]"
            )
            continue
        what = f"ProductSecret of {key}"
        try:
            found[key] = secret.read(source, what=what, folder=batch.folder)
        except BatchError as error:
            errors += error.messages
            continue
        if mistake := rules.mistake("product_secret", found[key]):
            # A source is never the secret itself: `secret.read` refuses that.
            errors.append(f"{what} ({source}) {mistake}")
    return found


def _try(plan: Plan) -> None:
    # Checks every row, and builds the image for the smallest flash, before the first board.
    errors: list[str] = []
    conflicts: dict[str, None] = {}  # In the order of the rows, each once.
    tried = set()
    for row in plan.burnable:
        mistake = _wrong_name(plan, row)
        # Rows differ in few fields of their identity: those with the same ones are tried once.
        same = (row.product_key, row.sub_products, row.device_secret)
        if not mistake and same not in tried:
            tried.add(same)
            mistake = _wrong_identity(plan, row)
            conflicts |= dict.fromkeys(_conflicts(plan, row))
        if mistake:
            errors.append(mistake)
    if errors or conflicts:
        raise BatchError(*conflicts, *errors)
    largest = max(plan.burnable, key=lambda row: len(row.sub_products), default=None)
    if largest:
        named = replace(largest, device_name=largest.device_name or "x" * 32)
        identity = plan.identity(named, device_secret=_example(plan, named))
        plan.recipe(plan.board.flash_size).build(identity, None)


def _example(plan: Plan, row: Row) -> str:
    return _EXAMPLE_SECRET if plan.needs_cloud(row) else ""


def _conflicts(plan: Plan, row: Row) -> Iterator[str]:
    batch = plan.batch
    shared = replace(
        batch.common,
        product_key=row.product_key,
        device_secret=row.device_secret or _example(plan, row),
        wifi_password=plan.wifi_password,
    )
    of_sub_devices = any(
        row.product_key in one.sub_products
        or (one.kind == "subdevice" and one.product_key == row.product_key)
        for one in plan.rows
    )
    for sentence in rules.conflicts(
        shared, instance_kind=batch.instance_kind, of_sub_devices=of_sub_devices
    ):
        yield f"{batch.file}: product: {sentence}"


def _wrong_name(plan: Plan, row: Row) -> str:
    # A name that is known was checked with its row.
    if row.device_name:
        return ""
    named = plan.named(row, mac=row.mac or _EXAMPLE_MAC, serial=row.serial or "0000")
    return _wrong_identity(plan, named) if named else ""


def _wrong_identity(plan: Plan, row: Row) -> str:
    try:
        named = row if row.device_name else replace(row, device_name="0000")
        plan.identity(named, device_secret=_example(plan, named))
    except BatchError as error:
        return str(error)
    return ""
