"""Wipe a returned board: erase it, put that on record, say what to do in the cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alink_factory.batch.plan import Plan
from alink_factory.board.esptool import Esptool
from alink_factory.errors import BoardError, CloudError
from alink_factory.image import flash_content
from alink_factory.image.flash_content import Range
from alink_factory.ledger import Claim, Ledger

if TYPE_CHECKING:
    from alink_factory.cloud.client import Cloud


@dataclass(frozen=True)
class WipedBoard:
    """A blank board and the identities it had: `owners` are pairs of ProductKey and DeviceName.

    `copies` maps a pair that is on another board to the MAC of that board; these pairs are not
    reset in the cloud. `is_reset`: ResetThing was called for the other pairs.
    """

    mac: str
    owners: tuple[tuple[str, str], ...]
    claim: Claim | None
    copies: Mapping[tuple[str, str], str] = field(default_factory=dict)
    is_reset: bool = False

    @property
    def in_the_cloud(self) -> list[str]:
        """A sentence for each identity: what to do in the cloud."""
        return [f"{name} of {key}: {self._left(key, name)}" for key, name in self.owners]

    def _left(self, key: str, name: str) -> str:
        if mac := self.copies.get((key, name)):
            return f"this was a copy of the board {mac}. Nothing to do in the cloud."
        if self.is_reset:
            return "it may register again."
        return (
            "the cloud still holds its registration. Call ResetThing (or delete the device) "
            "before a board with that name registers again."
        )


# MAC and (ProductKey, DeviceName) pairs of the board in, whether it is the one to erase out.
Agree = Callable[[str, set[tuple[str, str]]], bool]


def wipe(
    plan: Plan,
    ledger: Ledger,
    esptool: Esptool,
    *,
    reason: str,
    again: bool,
    agree: Agree | None = None,
) -> WipedBoard:
    """Erase all of a board's flash and put that on record, if `agree` says so.

    This frees its row for any board; with `again` the row stays with this board, which is burned
    next. On BoardError the ledger is unchanged. The port is closed afterwards.
    """
    with esptool:
        return _wipe(plan, ledger, esptool, reason=reason, again=again, agree=agree)


def _wipe(
    plan: Plan,
    ledger: Ledger,
    esptool: Esptool,
    *,
    reason: str,
    again: bool,
    agree: Agree | None,
) -> WipedBoard:
    head, identity_range = flash_content.ranges(plan.board)
    chip, low = esptool.read(head.offset, head.size)
    _, high = esptool.read(identity_range.offset, identity_range.size)
    claim = ledger.find(mac=chip.mac)
    if again and (claim is None or claim.batch != plan.batch.name):
        where = f"it belongs to batch {claim.batch}" if claim else "the ledger does not know it"
        raise BoardError(
            "wipe",
            f"this board cannot be burned again in {plan.batch.name}: {where}",
            advice="Nothing was erased. Wipe it without --fresh; then it is a new board.",
            is_final=True,
        )
    owners = flash_content.decode(plan.board, low, high, mac=chip.mac).owners
    if claim:
        owners |= {(claim.product_key, claim.device_name)}
    if agree and not agree(chip.mac, owners):
        names = ", ".join(name for _, name in sorted(owners)) or "no identity"
        raise BoardError(
            "wipe",
            f"the board on the port is {chip.mac}, {names}: not the one to erase",
            advice="Nothing was erased.",
            is_final=True,
        )
    esptool.erase()
    _check_blank(esptool, head, identity_range)
    if claim and again:
        why = f"wiped: {reason}"
        claim = ledger.advance(claim, "claimed", port=esptool.port, is_blank=True, detail=why)
    elif claim:
        ledger.retire(claim, what="wiped", reason=reason, port=esptool.port)
    else:
        names = ", ".join(name for _, name in sorted(owners)) or "no identity"
        ledger.note(
            "wiped",
            batch=plan.batch.name,
            mac=chip.mac,
            port=esptool.port,
            detail=f"{reason}; it carried {names}",
        )
    return WipedBoard(chip.mac, tuple(sorted(owners)), claim, _copies(ledger, owners, chip.mac))


def _copies(ledger: Ledger, owners: set[tuple[str, str]], mac: str) -> dict[tuple[str, str], str]:
    claims = {(key, name): ledger.find(product_key=key, device_name=name) for key, name in owners}
    return {who: claim.mac for who, claim in claims.items() if claim and claim.mac != mac}


def _check_blank(esptool: Esptool, *ranges: Range) -> None:
    # esptool reports no error for a dead flash, and a free row may be burned on another board.
    for place in ranges:
        _, data = esptool.read(place.offset, place.size)
        if data.strip(b"\xff"):
            raise BoardError(
                "wipe",
                "the flash is not blank after the erase",
                advice="Scrap the board and destroy it: it may keep its identity.",
                is_final=True,
            )


def reset(wiped: WipedBoard, cloud: Cloud) -> WipedBoard:
    """Call ResetThing for each identity of a wiped board except copies. Raises CloudError."""
    for key, name in wiped.owners:
        if (key, name) in wiped.copies:
            continue
        try:
            cloud.reset(key, name)
        except CloudError as error:
            raise CloudError(
                f"the board {wiped.mac} is blank, but {name} of {key} was not reset: {error}\n"
                "reset the device in the console: a blank board no longer has its name"
            ) from error
    return replace(wiped, is_reset=True)
