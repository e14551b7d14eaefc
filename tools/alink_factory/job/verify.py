"""Compare a board with its batch: read its identity, compare the rest, change nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alink_factory.batch.plan import Plan
from alink_factory.board.esptool import Esptool
from alink_factory.image import flash_content
from alink_factory.image.flash_content import KEPT_FILES
from alink_factory.image.recipe import Recipe
from alink_factory.ledger import Ledger
from alink_formats import identity as identities
from alink_formats import littlefs
from alink_formats.identity import fingerprint


@dataclass(frozen=True)
class Check:
    """One comparison: its subject, whether it is right, and the value on the board."""

    what: str
    is_good: bool
    seen: str


def check(plan: Plan, ledger: Ledger, esptool: Esptool) -> list[Check]:
    """Return a check for each part of the board. Raises BoardError if it cannot be read.

    Our own reader decodes identity and table; the rest is compared by MD5. The port is closed
    afterwards.
    """
    with esptool:
        return _checks(plan, ledger, esptool)


def _checks(plan: Plan, ledger: Ledger, esptool: Esptool) -> list[Check]:
    head, identity_range = flash_content.ranges(plan.board)
    chip, low = esptool.read(head.offset, head.size)
    checks = [Check("chip", chip.name == plan.board.chip, f"{chip.name}, MAC {chip.mac}")]
    sizes = plan.board.flash_sizes
    checks.append(Check("flash", chip.flash_size in sizes, f"{chip.flash_size >> 20} MB"))
    if not all(one.is_good for one in checks):
        return checks
    _, high = esptool.read(identity_range.offset, identity_range.size)
    found = flash_content.decode(plan.board, low, high, mac=chip.mac)
    claim = ledger.find(mac=chip.mac)
    state = (
        f"{claim.device_name} of {claim.batch}, {claim.state}"
        if claim
        else "the ledger does not know the board"
    )
    checks.append(Check("ledger", claim is not None and claim.is_done, state))
    burned = found.burned
    if burned is None:
        return [*checks, Check("identity", is_good=False, seen="the board has no identity")]
    name = identities.owner(burned, chip.mac)[1]
    serial = name if plan.batch.naming.needs_scan else ""
    candidates = plan.candidates(mac=chip.mac, serial=serial)
    rows = [row for row in candidates if row.device_name == name]
    recipe = plan.recipe(chip.flash_size)
    seen = f"{name} of {burned.product_key}"
    if burned.product_secret:
        seen += f", ProductSecret {fingerprint(burned.product_secret)}"
    if not rows or (claim and claim.device_name != name):
        return [
            *checks,
            Check(
                "identity",
                is_good=False,
                seen=f"{seen}: not the identity that the batch has for this board",
            ),
        ]
    is_own = plan.needs_cloud(rows[0])
    wanted = plan.identity(rows[0], device_secret=burned.device_secret if is_own else "")
    image = recipe.build(wanted, found)
    if plan.batch.scrubs and wanted.product_secret and not burned.product_secret:
        seen += ", scrubbed"
        wanted = replace(wanted, product_secret="")
    wrong = identities.differences(burned, wanted)
    is_good = not wrong
    seen = "; ".join([seen, *wrong])
    if is_own:  # The line does not know the DeviceSecret any more; the ledger has its digest.
        record = identities.digest(identities.encode(burned))
        is_good &= claim is not None and claim.record == record
        seen += f", DeviceSecret {fingerprint(burned.device_secret)}"
    checks.append(Check("identity", is_good, seen))
    registered = found.credential is not None
    checks.append(
        Check("credential", is_good=True, seen="present" if registered else "not registered yet")
    )
    checks.append(Check("table", found.table == recipe.table, plan.batch.layout))
    for region in image.regions:
        if region.name in ("boot-loader", "application", "vfs"):
            is_good = not esptool.differing([region])
            seen = f"{len(region.data)} bytes at {region.offset:#x}"
            if region.name == "vfs" and recipe.layout == "stock" and registered and not is_good:
                is_good = _has_files(recipe, esptool)
                seen = "its own files, and the copies that the board keeps"
            checks.append(Check(region.name, is_good, seen))
    return checks


def _has_files(recipe: Recipe, esptool: Esptool) -> bool:
    # Whether the vfs of a board that was online has the files of the batch.
    place = recipe.table.find("vfs")
    _, data = esptool.read(place.offset, place.size)
    try:
        files = littlefs.read(data)
    except littlefs.VfsError:
        return False
    return {name: files[name] for name in files if name not in KEPT_FILES} == recipe.files
