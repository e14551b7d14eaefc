"""A board against its batch, without changing it: everything is read back and compared."""

from __future__ import annotations

from dataclasses import dataclass

from alink_factory.batch.plan import Plan
from alink_factory.board.esptool import Esptool
from alink_factory.errors import BatchError
from alink_factory.image import flash_content
from alink_factory.ledger import Ledger
from alink_formats.identity import fingerprint


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, whether it is right, and what was seen."""

    what: str
    is_good: bool
    seen: str


def check(plan: Plan, ledger: Ledger, esptool: Esptool) -> list[Check]:
    """Return what there is to say about the board. Raises BoardError when it cannot be read.

    Identity and table are decoded with our own reader, the rest is compared byte for byte.
    """
    head, identity_range = flash_content.ranges(plan.board)
    chip, low = esptool.read(head.offset, head.size)
    checks = [Check("chip", chip.name == plan.board.chip, f"{chip.name}, MAC {chip.mac}")]
    sizes = plan.board.flash_sizes
    checks.append(Check("flash", chip.flash_size in sizes, f"{chip.flash_size >> 20} MB"))
    if not all(one.is_good for one in checks):
        return checks
    _, high = esptool.read(identity_range.offset, identity_range.size)
    found = flash_content.decode(plan.board, low, high)
    claim = ledger.find(mac=chip.mac)
    state = f"{claim.device_name} of {claim.batch}, {claim.state}" if claim else "not in it"
    checks.append(Check("ledger", claim is not None and claim.is_done, state))
    burned = found.burned
    if burned is None:
        return [*checks, Check("identity", is_good=False, seen="there is none")]
    rows = [row for row in plan.candidates(mac=chip.mac) if row.device_name == burned.device_name]
    seen = f"{burned.device_name} of {burned.product_key}"
    if burned.product_secret:
        seen += f", ProductSecret {fingerprint(burned.product_secret)}"
    if not rows or (claim and claim.device_name != burned.device_name):
        return [
            *checks,
            Check("identity", is_good=False, seen=f"{seen}: not what this board shall be"),
        ]
    wanted = plan.identity(rows[0])
    checks.append(Check("identity", burned == wanted, seen))
    registered = found.credential is not None
    checks.append(Check("credential", is_good=True, seen="kept" if registered else "none yet"))
    recipe = plan.recipe(chip.flash_size)
    checks.append(Check("table", found.table == recipe.table, plan.batch.layout))
    image = recipe.build(wanted, found)
    for region in image.regions:
        if region.name in ("boot-loader", "application", "volume"):
            _, data = esptool.read(region.offset, len(region.data))
            seen = f"{len(data)} bytes at {region.offset:#x}"
            checks.append(Check(region.name, data == region.data, seen))
    return checks


def scrap(plan: Plan, ledger: Ledger, *, mac: str = "", name: str = "", reason: str) -> str:
    """Take a board out of the batch for good and free its row; return its DeviceName.

    Raises BatchError when the ledger has no such board in this batch.
    """
    if not (mac or name):
        raise BatchError("say which board, with --mac or --name")
    claims = ledger.claims(plan.batch.name)
    found = [c for c in claims if (mac and c.mac == mac) or (name and c.device_name == name)]
    if not found:
        raise BatchError(f"the ledger has no board {mac or name} in batch {plan.batch.name}")
    if not reason:
        raise BatchError("say why, with --reason: it stays in the ledger")
    ledger.retire(found[0], what="scrapped", reason=reason)
    return found[0].device_name
