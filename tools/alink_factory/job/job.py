"""One board, one transaction: read, claim, build, write, verify, boot, done.

Each step is in the ledger before the next begins, so that a job that was cut off is taken up again
by whoever next has the board. Nothing is written before the ledger holds the row for this board.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import Row
from alink_factory.board import ports
from alink_factory.board.esptool import Chip, Esptool, Progress
from alink_factory.errors import BatchError, BoardError
from alink_factory.image import flash_content
from alink_factory.image.flash_content import Found
from alink_factory.image.recipe import Image, Recipe
from alink_factory.job.serials import Serials
from alink_factory.ledger import Claim, Ledger
from alink_formats.board import size_name
from alink_formats.identity import Identity

BootCheck = Callable[[str, Identity], str]  # Port and identity in, what the board said out.


@dataclass(frozen=True)
class Step:
    """Where a job is: its step, how far (0.0 to 1.0), and what is known of the board."""

    port: str
    name: str
    share: float = 0.0
    mac: str = ""
    device_name: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `result` is "done", "already" (it was done before) or "failed".

    `is_final`: trying the same board again cannot help.
    """

    port: str
    result: str
    mac: str = ""
    device_name: str = ""
    detail: str = ""
    advice: str = ""
    written: tuple[str, ...] = ()
    is_final: bool = False


@dataclass
class Order:
    """How boards are burned, shared by all ports of a run.

    `fresh` discards what devices keep of their registration, `full` writes all regions.
    """

    plan: Plan
    ledger: Ledger
    scratch: Path
    fresh: bool = False
    full: bool = False
    stub: bool = True
    boot_check: BootCheck | None = None
    serials: Serials = field(default_factory=Serials)
    stop: threading.Event = field(default_factory=threading.Event)
    busy: dict[str, str] = field(default_factory=dict)  # MAC → port.
    lock: threading.Lock = field(default_factory=threading.Lock)

    def esptool(self, port: str, *, progress: Progress | None = None) -> Esptool:
        """Return esptool for a port, as the batch wants it."""
        return Esptool(
            port,
            scratch=self.scratch,
            baud=self.plan.batch.baud or self.plan.board.baud,
            stub=self.stub,
            progress=progress,
            stop=self.stop,
        )


def burn(order: Order, port: str, *, report: Callable[[Step], None]) -> Outcome:
    """Burn the board on a port and return how it ended.

    Raises LedgerError when the ledger fails: then no board may be burned.
    """
    job = _Job(order, port, report)
    try:
        return job.run()
    except (BoardError, BatchError) as error:
        return job.failed(error)


class _Job:
    def __init__(self, order: Order, port: str, report: Callable[[Step], None]) -> None:
        self._order = order
        self._port = port
        self._report = report
        self._step = Step(port, "identify")
        self._claim: Claim | None = None
        self._esptool = order.esptool(port, progress=lambda _, share: self._show(share=share))

    def run(self) -> Outcome:
        self._show()
        serial = self._order.serials.take(self._port)
        chip, found = self._look()
        with self._alone(chip.mac):
            recipe = self._order.plan.recipe(chip.flash_size)
            row = self._take_row(chip, found, serial)
            if self._claim and self._claim.is_done:
                check_done(self._claim, found.owners)
                return self._outcome("already", detail="it was done before", advice="Take it out.")
            identity = self._order.plan.identity(row)
            image = self._build(recipe, identity, found)
            written = self._write(image)
            self._verify(recipe, identity)
            self._boot(identity)
            self._advance("done")
        return self._outcome("done", detail=self._step.detail, written=tuple(written))

    def failed(self, error: BoardError | BatchError) -> Outcome:
        """Put a failure on record and say what to do now."""
        step = error.step if isinstance(error, BoardError) else "imaged"
        advice = error.advice if isinstance(error, BoardError) else "Put the batch right."
        is_final = not isinstance(error, BoardError) or error.is_final or self._order.stop.is_set()
        ledger, batch = self._order.ledger, self._order.plan.batch
        if self._claim:
            ledger.fail(self._claim, step=step, detail=str(error), port=self._port)
            if self._claim.attempts >= batch.attempts:
                scrap = f"alink-burn scrap {batch.file.name} --mac {self._claim.mac} --reason …"
                advice = f"Put it aside and run `{scrap}`."
                is_final = True
        elif self._step.mac:
            ledger.note(
                "refused",
                batch=batch.name,
                mac=self._step.mac,
                port=self._port,
                detail=f"{step}: {error}",
            )
        return self._outcome("failed", detail=str(error), advice=advice, is_final=is_final)

    def _look(self) -> tuple[Chip, Found]:
        # Read what the board is and what it carries.
        plan = self._order.plan
        head, identity_range = flash_content.ranges(plan.board)
        chip, data = self._esptool.read(head.offset, head.size)
        self._step = replace(self._step, mac=chip.mac)
        check_chip(chip, plan)
        _, more = self._esptool.read(identity_range.offset, identity_range.size)
        found = flash_content.decode(plan.board, data, more)
        if found.has_files and "cred" not in found.nvs:
            # A stock board that lost NVS has its registration, and its name, on the volume alone.
            place = plan.recipe(chip.flash_size).table.find("vfs")
            _, volume = self._esptool.read(place.offset, place.size)
            found = flash_content.with_files(found, volume)
        return chip, found

    def _take_row(self, chip: Chip, found: Found, serial: str) -> Row:
        # Claim a row for the board; a board with an identity only ever gets that one again.
        plan, ledger = self._order.plan, self._order.ledger
        held = ledger.find(mac=chip.mac)
        if held:
            self._order.serials.give_back(self._port)
            serial = ""
        rows = plan.candidates(mac=chip.mac, serial=serial)
        if found.owners:
            rows = [row for row in rows if (row.product_key, row.device_name) in found.owners]
        self._show("claimed")
        if found.owners and not held and not rows:
            raise _carries_another(found)
        self._claim = ledger.claim(plan.batch.name, rows, mac=chip.mac, port=self._port)
        if self._claim is None:
            raise self._no_row(found, serial)
        self._show(device_name=self._claim.device_name)
        if found.owners - {(self._claim.product_key, self._claim.device_name)}:
            raise _carries_another(found)
        return self._row_of(self._claim)

    def _no_row(self, found: Found, serial: str) -> BoardError:
        if found.owners:
            name = min(found.owners)[1]
            return BoardError(
                "claimed",
                f"it carries {name}, which the ledger has on another board",
                advice="Take it out: two boards with one DeviceName put each other offline.",
                is_final=True,
            )
        if self._order.plan.batch.naming.needs_serial and not serial:
            return BoardError(
                "claimed",
                "no serial number was scanned",
                advice="Scan it, then plug it in again.",
                is_final=not ports.is_address(self._port),  # Else the next scan would be its.
            )
        return BoardError(
            "claimed",
            f"every row of {self._order.plan.batch.name} that fits this board is taken",
            advice="Take it out; `alink-burn report` shows who has them.",
            is_final=True,
        )

    def _row_of(self, claim: Claim) -> Row:
        for row in self._order.plan.burnable:
            if row.key == claim.row:
                if row.device_name not in ("", claim.device_name):
                    break
                return replace(row, device_name=claim.device_name)
        raise BoardError(
            "claimed",
            f"the board was begun as {claim.device_name} and the batch has no such row any more",
            advice="Put the row back into the file.",
            is_final=True,
        )

    def _build(self, recipe: Recipe, identity: Identity, found: Found) -> Image:
        self._show("imaged")
        image = recipe.build(identity, found, fresh=self._order.fresh)
        firmware = recipe.firmware.sha256[:16] if recipe.firmware else "none"
        self._advance("imaged", record=image.record, detail=f"firmware {firmware}")
        return image

    def _write(self, image: Image) -> list[str]:
        self._advance("writing")
        written = self._esptool.write(image.regions, full=self._order.full)
        self._advance("written", detail=" ".join(written) or "nothing had changed")
        return written

    def _verify(self, recipe: Recipe, identity: Identity) -> None:
        self._show("verified")
        place = recipe.table.find("fctry" if recipe.layout == "factory" else "nvs")
        _, data = self._esptool.read(place.offset, place.size, reset=True)
        if recipe.identity_in({place.offset: data}) != identity:
            raise BoardError(
                "verified",
                "what the flash gives back is not the identity that was written",
                advice="Plug the board in once more; if it fails again, scrap it.",
            )
        self._advance("verified")

    def _boot(self, identity: Identity) -> None:
        if self._order.boot_check:
            self._show("booted")
            self._advance("booted", detail=self._order.boot_check(self._port, identity))

    def _advance(self, state: str, **more: str) -> None:
        if self._claim:
            self._claim = self._order.ledger.advance(self._claim, state, port=self._port, **more)
        self._show(state, detail=more.get("detail", ""))

    def _show(self, name: str | None = None, **known: object) -> None:
        changes = known | ({"name": name, "share": 0.0} if name else {})
        self._step = replace(self._step, **changes)  # type: ignore[arg-type]
        self._report(self._step)

    def _outcome(self, result: str, **more: object) -> Outcome:
        step = self._step
        return Outcome(step.port, result, step.mac, step.device_name, **more)  # type: ignore[arg-type]

    @contextmanager
    def _alone(self, mac: str) -> Iterator[None]:
        # Two boards with one MAC in one run: neither may go on with the other's row.
        busy, port = self._order.busy, self._port
        with self._order.lock:
            other = busy.setdefault(mac, port)
        if other != port:
            raise BoardError(
                "identify",
                f"the board on {other} has the same MAC {mac}",
                advice="Take both out: one of the two chips is a copy.",
                is_final=True,
            )
        try:
            yield
        finally:
            with self._order.lock:
                del busy[mac]


def check_chip(chip: Chip, plan: Plan) -> None:
    """Raise BoardError when a chip or its flash is not what the batch is for."""
    board = plan.board
    if chip.name != board.chip:
        raise BoardError(
            "identify",
            f"the chip is {chip.name} and the batch is for {board.chip}",
            advice="Take the board out: it does not belong to this batch.",
            is_final=True,
        )
    if not chip.flash_size:
        raise BoardError(
            "identify",
            "the flash does not say what it is: it is dead or not soldered",
            advice="Put the board aside for repair.",
            is_final=True,
        )
    if chip.flash_size not in board.flash_sizes:
        sizes = ", ".join(size_name(size) for size in board.flash_sizes)
        raise BoardError(
            "identify",
            f"the flash has {size_name(chip.flash_size)} and {board.name} comes with {sizes}",
            advice="Take the board out: it does not belong to this batch.",
            is_final=True,
        )


def check_done(claim: Claim, owners: set[tuple[str, str]]) -> None:
    """Raise BoardError when a board that the ledger has as done does not carry what it shall."""
    if (claim.product_key, claim.device_name) not in owners:
        raise BoardError(
            "verified",
            f"the ledger has this board as {claim.device_name}, done, and its flash does not",
            advice="Run `alink-burn wipe`, then burn it anew; or the MAC is there twice.",
            is_final=True,
        )


def _carries_another(found: Found) -> BoardError:
    names = ", ".join(f"{name} of {key}" for key, name in sorted(found.owners))
    return BoardError(
        "claimed",
        f"it carries another identity: {names}",
        advice="Take it out; `alink-burn wipe` makes it a new board.",
        is_final=True,
    )
