"""An overview of a batch before the first board: counts, sizes, conflicts with the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alink_factory.batch import begun
from alink_factory.batch.board_tests import BoardTest
from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import RefusedRow
from alink_factory.ledger import Ledger
from alink_formats.board import size_name
from alink_formats.chips import CHIPS
from alink_formats.identity import fingerprint


@dataclass(frozen=True)
class Overview:
    """Facts in reading order, and a sentence for each conflict with the ledger.

    `boards` is the number of boards in the batch, of which `done` are done and `begun` begun.
    """

    facts: dict[str, str]
    boards: int
    done: int
    begun: int
    clashes: tuple[str, ...]


def make(plan: Plan, ledger: Ledger, refused: Sequence[RefusedRow] | None = None) -> Overview:
    """Return the overview of a plan; without `refused` the cloud was not asked."""
    batch, every = plan.batch, ledger.states(plan.batch.name)
    chip = CHIPS[plan.board.chip]
    states = [state for row, state in every if row in plan.by_key]
    others = len(every) - len(states)
    done = states.count("done")
    rows = [f"{len(plan.rows)} from {batch.rows_file.name if batch.rows_file else 'rows.count'}"]
    for kind, plural in (("gateway", "gateways"), ("subdevice", "sub-devices, not burned")):
        if number := sum(row.kind == kind for row in plan.rows):
            rows.append(f"{number} {plural}")
    own = sum(bool(row.device_secret) for row in plan.rows)
    rows += [f"{own} with a DeviceSecret"] if own else []
    facts = {
        "batch": batch.name,
        "rows": ", ".join(rows),
        "stations": ", ".join(
            f"{name} rows {mine.start}-{mine.stop - 1}" for name, mine in batch.stations.items()
        ),
        "no station": _no_station(plan),
        "DeviceName": _names(plan),
        "product": ", ".join(sorted({row.product_key for row in plan.rows})),
        "ProductSecret": ", ".join(f"{k} {fingerprint(s)}" for k, s in plan.secrets.items()),
        "DeviceSecret": _own(plan),
        "eFuse": _efuse(plan),
        "board": f"{plan.board.name}, {' or '.join(map(size_name, plan.board.flash_sizes))}",
        "chip": "; ".join((plan.board.chip, *chip.limits())),
        "USB": "its port changes at a reset, so burn it over UART" * chip.has_only_otg,
        "heap": "not measured on this chip" * (not chip.is_measured),
        "layout": batch.layout,
        "updates over the air": _updates(plan),
        "firmware": _firmware(plan),
        "vfs": f"{len(plan.files)} files, {sum(map(len, plan.files.values()))} bytes",
        "boot check": "yes" if batch.boot_check else "no",
        "tests": ", ".join(_test(one) for one in batch.tests if not one.is_boot),
        "ledger": ledger.where_shown,
        "cloud": _cloud(refused),
        "note": "the ledger is empty: no board was burned with it" if ledger.is_empty else "",
        "other boards": f"{others} of rows that are no longer in the file" if others else "",
    }
    clashes = (
        begun.conflict(batch, ledger),
        *plan.clashes(ledger),
        *refusals(refused or ()),
    )
    return Overview(
        facts={name: fact for name, fact in facts.items() if fact},
        boards=len(plan.burnable),
        done=done,
        begun=len(states) - done,
        clashes=tuple(filter(None, clashes)),
    )


def refusals(refused: Iterable[RefusedRow]) -> Iterator[str]:
    """Yield a sentence for each row that the cloud refuses."""
    return (f"line {one.row.csv_line}: {one.why}: no board gets this row" for one in refused)


def _cloud(refused: Sequence[RefusedRow] | None) -> str:
    if refused is None:
        return ""
    return f"it refuses {len(refused)} rows" if refused else "it refuses no row"


def _test(test: BoardTest) -> str:
    return f"{test.name} ({test.limits})" if test.limits else test.name


def _no_station(plan: Plan) -> str:
    stations = plan.batch.stations.values()
    number = len(plan.burnable) - sum(map(len, stations)) if stations else 0
    return f"{number} rows, which no station burns" if number else ""


def _names(plan: Plan) -> str:
    naming = plan.batch.naming
    named = [row.device_name for row in plan.burnable if row.device_name]
    if not named:
        return f"{naming.scheme} {naming.template}".strip()
    return named[0] if len(named) == 1 else f"{named[0]} … {named[-1]}"


def _own(plan: Plan) -> str:
    count = sum(map(plan.needs_cloud, plan.rows))
    return f"{count} from the cloud, each board its own: no board gets a ProductSecret" * (
        count > 0
    )


def _efuse(plan: Plan) -> str:
    block = plan.batch.efuse_block
    if block is None:
        return ""
    return f"the ProductSecret in BLOCK_KEY{block}, hmacsha256; it cannot be undone"


def _updates(plan: Plan) -> str:
    slots = plan.board.table(plan.batch.layout).slots
    if len(slots) > 1:
        return f"two slots of {min(slot.size for slot in slots) // 1024} KiB"
    return "of files only, the layout has one application slot (boards named -OTA have two)"


def _firmware(plan: Plan) -> str:
    if not plan.firmware or not plan.batch.firmware:
        return "none: the boards keep the firmware they have"
    name, app = plan.batch.firmware.image.name, plan.firmware.app
    return f"{name}, application {len(app.data)} bytes, SHA-256 {plan.firmware.sha256[:8]}…"
