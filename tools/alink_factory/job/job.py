"""One board, one transaction: look, claim a row, build, write, verify, test, done.

Each step is in the ledger before the next one begins. So a job that was cut off is taken up again
by the next run that has the board. Nothing is written before the ledger holds the row for this
board. `Board` hides whether esptool or the REPL reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from alink_factory.batch.board_tests import BoardTest
from alink_factory.batch.rows import Row
from alink_factory.board import ports
from alink_factory.board.board import EfuseKey
from alink_factory.errors import BatchError, BoardError
from alink_factory.job import own_secret
from alink_factory.job.bench import Bench, Measurement
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome, Progress
from alink_factory.ledger import Claim, measured
from alink_formats import identity as identities
from alink_formats.identity import Identity, digest, encode

Owners = set[tuple[str, str]]  # Pairs of ProductKey and DeviceName that a board carries.


def burn(order: Order, port: str, *, report: Callable[[Progress], None]) -> Outcome:
    """Burn the board on a port and return how it ended.

    Raises LedgerError when the ledger fails: then no board may be burned. Raises BatchError when
    the batch is not for boards that are reached this way.
    """
    job = _Job(order, port, report)
    try:
        return job.run()
    except (BoardError, BatchError) as error:
        return job.failed(error)
    finally:
        job.close()


class _Job:
    def __init__(self, order: Order, port: str, report: Callable[[Progress], None]) -> None:
        self._order = order
        self._port = port
        self._report = report
        self._progress = Progress(port, "identify")
        self._claim: Claim | None = None
        self._board = order.board(port, on_progress=lambda _, share: self._show(share=share))

    def run(self) -> Outcome:
        serial = self._order.serials.take(self._port)
        self._show(serial=serial)
        owners = self._board.look()
        with self._alone(self._board.mac):
            row = self._claim_row(owners, serial)
            if self._claim and self._claim.is_done:
                _check_done(self._claim, owners)
                self._check_chip(self._claim)
                if not self._is_corrected(self._claim, row):
                    detail, advice = "it was done before", "Take it out."
                    return self._outcome("already", detail=detail, advice=advice)
                self._advance("claimed", detail="burned again: the batch was corrected")
            identity = self._identity(row)
            self._build(identity, row)
            written = self._write()
            self._show("verified")
            self._board.verify()
            self._advance("verified")
            self._test(identity, serial or row.serial)
            self._advance("done")
        if self._claim:
            self._order.on_done(self._claim)
        return self._outcome("done", detail=self._progress.detail, written=written)

    def close(self) -> None:
        """Let go of the port."""
        self._board.close()

    def failed(self, error: BoardError | BatchError) -> Outcome:
        """Put a failure on record; return it with what to do now."""
        step = error.step if isinstance(error, BoardError) else "imaged"
        advice = error.advice if isinstance(error, BoardError) else "Correct the batch."
        is_final = not isinstance(error, BoardError) or error.is_final or self._order.stop.is_set()
        ledger, batch = self._order.ledger, self._order.plan.batch
        if self._claim:
            ledger.fail(self._claim, step=step, detail=str(error), port=self._port)
            if self._claim.attempts >= batch.attempts:
                scrap = f"alink-burn scrap {batch.file.name} --mac {self._claim.mac} --reason …"
                advice = f"Put it aside and run `{scrap}`."
                is_final = True
        elif self._board.mac:
            ledger.note(
                "refused",
                batch=batch.name,
                mac=self._board.mac,
                port=self._port,
                detail=f"{step}: {error}",
            )
        return self._outcome("failed", detail=str(error), advice=advice, is_final=is_final)

    def _claim_row(self, owners: Owners, serial: str) -> Row:
        # A board with an identity gets the row of that identity, or none.
        plan, ledger, mac = self._order.plan, self._order.ledger, self._board.mac
        held = ledger.find(mac=mac)
        if held:
            if not self._is_own_scan(held, serial):
                self._order.serials.give_back(self._port)
            serial = ""
        elif not owners:
            self._check_scan(serial)
        self._order.taken.update()
        rows: Iterable[Row] = plan.free_candidates(self._order.taken, mac=mac, serial=serial)
        if self._order.states:
            rows = self._order.states.free(rows)
        if owners and not held:
            candidates = plan.candidates(mac=mac, serial=serial)
            rows = [row for row in candidates if (row.product_key, row.device_name) in owners]
            if not rows:
                raise _carries_another(owners)
        self._show("claimed")
        self._claim = ledger.claim(plan.batch.name, rows, mac=mac, port=self._port)
        if self._claim is None:
            raise self._no_row(owners, serial)
        self._show(device_name=self._claim.device_name)
        if owners - {(self._claim.product_key, self._claim.device_name)}:
            raise _carries_another(owners)
        return self._row_of(self._claim)

    def _is_corrected(self, claim: Claim, row: Row) -> bool:
        # Whether the batch has another certificate for a finished board. A DeviceSecret from the
        # cloud is not known here.
        plan = self._order.plan
        if not claim.record or plan.needs_cloud(row):
            return False
        return digest(encode(plan.identity(row))) != claim.record

    def _check_chip(self, claim: Claim) -> None:
        # A copied flash on another chip with this MAC. Another esptool may use other words.
        entries = self._order.ledger.entries_of(claim.batch, claim.mac)
        details = [entry.detail for entry in entries if entry.what == "imaged"]
        tools, _, burned = (details or [""])[-1].partition("; ")[2].partition(" on ")
        now, _, chip = self._board.seen.partition(" on ")
        is_comparable = burned and chip and tools.split(", ")[-1] == now.split(", ")[-1]
        if is_comparable and burned != chip:
            raise BoardError(
                "verified",
                f"the board carries {claim.device_name} and its MAC, but it is another chip: "
                f"{chip}; the ledger has {burned}",
                advice="Take it out: two boards have this MAC, and the flash is a copy.",
                is_final=True,
            )

    def _is_own_scan(self, held: Claim, serial: str) -> bool:
        # Whether the board got its row by this scan, in an attempt before this one.
        plan = self._order.plan
        row = plan.by_key.get(held.row)
        named = plan.named(row, mac=held.mac, serial=serial) if row and serial else None
        return named is not None and named.device_name == held.device_name

    def _check_scan(self, serial: str) -> None:
        plan = self._order.plan
        if serial and not plan.knows_serial(serial):
            raise BoardError(
                "claimed",
                f"serial number {serial} is not in the batch {plan.batch.name}",
                advice="Check the label, then scan it again and plug the board in again.",
                is_final=True,
            )
        if plan.batch.naming.needs_scan and not serial:
            raise self._not_scanned()

    def _not_scanned(self) -> BoardError:
        self._order.serials.forget(self._port)  # The operator is asked for its scan now.
        return BoardError(
            "claimed",
            "no serial number was scanned",
            advice="Scan it, then plug the board in again.",
            is_final=not ports.is_address(self._port),  # Else the next scan would be its.
        )

    def _no_row(self, owners: Owners, serial: str) -> BoardError:
        if owners:
            name = min(owners)[1]
            return BoardError(
                "claimed",
                f"the board carries {name}, but the ledger has {name} on another board",
                advice="Take it out: two boards with one DeviceName put each other offline.",
                is_final=True,
            )
        if self._order.plan.batch.naming.needs_serial and not serial:
            return self._not_scanned()
        if serial and (taken := self._board_of(serial)):
            return BoardError(
                "claimed",
                f"{serial} is already on the board {taken.mac} of batch {taken.batch}",
                advice="Scan the board's own serial number, then plug it in again.",
                is_final=True,
            )
        return BoardError(
            "claimed",
            f"every row of {self._order.plan.batch.name} that fits this board is taken",
            advice="Take it out. `alink-burn report` shows which boards have the rows.",
            is_final=True,
        )

    def _board_of(self, serial: str) -> Claim | None:
        # The board that has the row of a scanned number.
        rows = self._order.plan.candidates(mac=self._mac, serial=serial)
        find = self._order.ledger.find
        claims = (find(product_key=row.product_key, device_name=row.device_name) for row in rows)
        return next((claim for claim in claims if claim), None)

    def _row_of(self, claim: Claim) -> Row:
        row = self._order.plan.by_key.get(claim.row)
        if row and row.device_name in ("", claim.device_name):
            return replace(row, device_name=claim.device_name)
        raise BoardError(
            "claimed",
            f"the board was begun as {claim.device_name}, but the batch no longer has that row",
            advice="Put the row back into the file.",
            is_final=True,
        )

    def _identity(self, row: Row) -> Identity:
        order = self._order
        if order.plan.needs_cloud(row):
            self._show(own_secret.STEP)
        record = self._claim.record if self._claim else ""
        return own_secret.identity(
            order.plan, order.ledger, order.cloud, row, record=record, port=self._port
        )

    def _build(self, identity: Identity, row: Row) -> None:
        self._show("imaged")
        found = self._order.plan.efuse_key(row)
        if found and not self._order.burns_efuses:
            raise BoardError(
                "imaged",
                "this batch burns an eFuse block of each board, which was not agreed to",
                advice="Start the line again with --burn-efuses.",
                is_final=True,
            )
        prepared = self._board.prepare(identity, EfuseKey(*found) if found else None)
        self._advance("imaged", record=prepared.record, detail=prepared.detail)

    def _write(self) -> tuple[str, ...]:
        self._advance("writing")
        written = self._board.write()
        self._advance("written", detail=" ".join(written) or "nothing had changed")
        return written

    def _test(self, identity: Identity, serial: str) -> None:
        named = identities.named_by_board(identity, self._mac)
        on = Bench(self._order, self._port, named, mac=self._mac, serial=serial)
        values = []
        for test in self._order.tests:
            made = self._measure(on, test)
            if test.is_boot:
                self._advance("booted", detail=made.value)
            else:
                values.append(made.shown)
        on.close()
        if values:
            self._advance("tested", detail=", ".join(values))

    def _measure(self, on: Bench, test: BoardTest) -> Measurement:
        # Returns the good measurement; each attempt is in the ledger.
        step = "booted" if test.is_boot else "tested"
        self._show(step, detail=test.name)
        mistake = advice = ""
        for made in on.attempts(test):
            if self._claim:
                self._order.ledger.note_on(
                    self._claim, measured.WHAT, port=self._port, detail=made.entry
                )
            if not made.mistake:
                return made
            mistake, advice = made.mistake, made.advice
        raise BoardError(step, mistake, advice=advice)

    def _advance(self, state: str, *, record: str = "", detail: str = "") -> None:
        if self._claim:
            self._claim = self._order.ledger.advance(
                self._claim, state, port=self._port, record=record, detail=detail
            )
        self._show(state, detail=detail)

    def _show(self, name: str | None = None, **known: object) -> None:
        changes = known | ({"name": name, "share": 0.0} if name else {})
        self._progress = replace(self._progress, mac=self._mac, **changes)  # type: ignore[arg-type]
        self._report(self._progress)

    def _outcome(self, result: str, **more: object) -> Outcome:
        name = self._progress.device_name
        return Outcome(self._port, result, self._mac, name, **more)  # type: ignore[arg-type]

    @property
    def _mac(self) -> str:
        return self._board.mac

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


def _check_done(claim: Claim, owners: Owners) -> None:
    # A board that the ledger has as done has to carry what it was burned with.
    if (claim.product_key, claim.device_name) not in owners:
        raise BoardError(
            "verified",
            f"the ledger says this board is finished as {claim.device_name}, but its flash does "
            f"not contain {claim.device_name}",
            advice="Run `alink-burn wipe`, then burn it again; or two boards have this MAC.",
            is_final=True,
        )


def _carries_another(owners: Owners) -> BoardError:
    names = ", ".join(f"{name} of {key}" for key, name in sorted(owners))
    return BoardError(
        "claimed",
        f"the board carries another identity: {names}",
        advice="Take it out. `alink-burn wipe` makes it a new board.",
        is_final=True,
    )
