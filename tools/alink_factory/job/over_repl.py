"""A board that already runs MicroPython: the same identity and files, through its REPL.

Layout `stock`: the record goes into NVS, the files onto the volume; firmware and partition table
stay as they are. The steps and the ledger are those of `job`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath

from alink_factory.board.mpremote import Mpremote, Running
from alink_factory.errors import BatchError, BoardError
from alink_factory.image.flash_content import KEPT_FILES
from alink_factory.job.job import Order, Outcome, Step, check_done
from alink_factory.ledger import Claim
from alink_formats import identity as identities
from alink_formats.identity import Identity, IdentityError


def burn(order: Order, port: str, *, report: Callable[[Step], None]) -> Outcome:
    """Burn the board on a port through mpremote and return how it ended.

    Raises LedgerError when the ledger fails, BatchError when the batch is not for such boards.
    """
    if order.plan.batch.layout != "stock":
        raise BatchError(
            f"{order.plan.batch.file}: mpremote cannot change a partition table: write "
            'board.layout = "stock", or burn with esptool'
        )
    return _Job(order, Mpremote(port, scratch=order.scratch, stop=order.stop), report).run()


class _Job:
    def __init__(self, order: Order, board: Mpremote, report: Callable[[Step], None]) -> None:
        self._order = order
        self._board = board
        self._report = report
        self._claim: Claim | None = None
        self._mac = ""

    def run(self) -> Outcome:
        try:
            return self._burn()
        except (BoardError, BatchError) as error:
            step = error.step if isinstance(error, BoardError) else "imaged"
            if self._claim:
                self._order.ledger.fail(
                    self._claim, step=step, detail=str(error), port=self._board.port
                )
            advice = error.advice if isinstance(error, BoardError) else "Put the batch right."
            return self._outcome("failed", detail=str(error), advice=advice)

    def _burn(self) -> Outcome:
        self._show("identify")
        running = self._board.look()
        self._mac = running.mac
        owners = _owners(running)
        identity = self._identity(running, owners)
        if self._claim and self._claim.is_done:
            check_done(self._claim, owners)
            return self._outcome("already", detail="it was done before", advice="Take it out.")
        record = identities.encode(identity)
        if len(record) > identities.LIMITS["credential"]:
            raise BatchError(f"the identity has {len(record)} bytes, NVS takes 4096")
        self._advance("imaged", record=hashlib.sha256(record).hexdigest()[:16])
        written = self._write(running, record)
        self._verify(identity)
        self._board.reset()
        if self._order.boot_check:
            self._advance("booted", detail=self._order.boot_check(self._board.port, identity))
        self._advance("done")
        return self._outcome("done", written=tuple(written))

    def _identity(self, running: Running, owners: set[tuple[str, str]]) -> Identity:
        # Claim a row; a board that carries an identity gets that one again or none.
        plan, ledger = self._order.plan, self._order.ledger
        if "fctry" in running.labels:
            raise BoardError(
                "identify",
                "the board has the factory layout, and the batch the stock one",
                advice="Burn it with esptool.",
                is_final=True,
            )
        held = ledger.find(mac=running.mac)
        serial = "" if held else self._order.serials.take(self._board.port)
        rows = plan.candidates(mac=running.mac, serial=serial)
        if owners:
            rows = [row for row in rows if (row.product_key, row.device_name) in owners]
        self._claim = ledger.claim(plan.batch.name, rows, mac=running.mac, port=self._board.port)
        if self._claim is None:
            names = ", ".join(name for _, name in sorted(owners))
            carried = f"it carries {names}, which is no free row" if owners else "no row is free"
            raise BoardError(
                "claimed",
                f"{carried} of {plan.batch.name}",
                advice="Take it out; `alink-burn report` shows who has them.",
                is_final=True,
            )
        name = self._claim.device_name
        if others := owners - {(self._claim.product_key, name)}:
            raise BoardError(
                "claimed",
                f"it carries {min(others)[1]} and the ledger has it as {name}",
                advice="Take it out; `alink-burn wipe` makes it a new board.",
                is_final=True,
            )
        for row in plan.candidates(mac=running.mac, serial=serial):
            if row.key == self._claim.row:
                return plan.identity(row)
        raise BoardError(
            "claimed", f"the batch has no row {name} any more", advice="Put the row back."
        )

    def _write(self, running: Running, record: bytes) -> list[str]:
        self._advance("writing")
        wanted = self._order.plan.files
        changed = {
            name: content
            for name, content in wanted.items()
            if self._order.full or running.files.get(name) != hashlib.sha256(content).hexdigest()
        }
        fresh = self._order.fresh
        if running.cert != record or fresh:
            self._board.store(record, forget=fresh, remove=list(KEPT_FILES) if fresh else [])
        self._board.copy(changed, folders=_folders(changed, running))
        written = (["identity"] if running.cert != record else []) + sorted(changed)
        self._advance("written", detail=" ".join(written) or "nothing had changed")
        return written

    def _verify(self, identity: Identity) -> None:
        self._show("verified")
        now = self._board.look()
        read = None
        with contextlib.suppress(IdentityError):
            read = identities.decode(now.cert).identity
        if read != identity:
            raise BoardError(
                "verified",
                "what NVS gives back is not the identity that was written",
                advice="Plug the board in once more; if it fails again, scrap it.",
            )
        for name, content in self._order.plan.files.items():
            if now.files.get(name) != hashlib.sha256(content).hexdigest():
                raise BoardError(
                    "verified",
                    f"{name} on the board is not what was copied",
                    advice="Plug the board in once more; if it fails again, scrap it.",
                )
        self._advance("verified")

    def _advance(self, state: str, **more: str) -> None:
        if self._claim:
            self._claim = self._order.ledger.advance(
                self._claim, state, port=self._board.port, **more
            )
        self._show(state)

    def _show(self, name: str) -> None:
        self._report(Step(self._board.port, name, 0.0, self._mac, self._name))

    @property
    def _name(self) -> str:
        return self._claim.device_name if self._claim else ""

    def _outcome(self, result: str, **more: object) -> Outcome:
        return Outcome(self._board.port, result, self._mac, self._name, **more)  # type: ignore[arg-type]


def _owners(running: Running) -> set[tuple[str, str]]:
    found = set()
    for record in (running.cert, running.cred, *running.kept):
        with contextlib.suppress(IdentityError):
            identity = identities.decode(record).identity
            found.add((identity.product_key, identity.device_name))
    return found


def _folders(files: dict[str, bytes], running: Running) -> list[str]:
    # Those that are not there yet, parents first.
    needed = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    return sorted(needed - {"/", *running.folders})
