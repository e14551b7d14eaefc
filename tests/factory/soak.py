"""A whole batch on simulated ports, with trouble: `python -m tests.factory.soak --help`.

Each station is a separate process of `alink-burn run` with its share of the ports, and may be
killed at any byte. A robot reads its JSON and moves the boards, also between stations. At the
end our own reader reads every flash file, and the soak compares it with the ledger. A port has a
simulated clock, which advances by the time that bytes take at the present baud rate.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_factory.batch import plan as plans
from alink_factory.batch.plan import Plan
from alink_factory.image import vfs
from alink_factory.job import scrap
from alink_factory.ledger import Ledger, Station, measured
from alink_formats import identity
from alink_formats.partitions import PartitionTable
from tests import postgres
from tests.factory.floor import Floor, Unit, spoil, units
from tests.factory.scanner import Scanner
from tests.factory.workshop import Workshop

_TEMPLATE = 'scheme = "template"\ntemplate = "lamp-{counter:06d}"'
_SCANS = 'scheme = "scan"\ntemplate = "lamp-{serial}"'
# A value that is bad once in three attempts; a board that fails both attempts becomes red.
_TEST = f"""[[tests]]
name = "supply"
program = [{sys.executable!r}, "-c", "import random; print(random.choice([3.2, 3.3, 2.9]))"]
min = 3.1
max = 3.5
unit = "V"
retries = 1
"""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong: the share of boards with bad cables, boards that never become green,
    and how often the line program of each station is killed."""

    faulty: float = 0.0
    spoiled: int = 0
    kills: int = 0
    seed: int = 1


@dataclass
class Result:
    """The result of a soak: `errors` is empty if ledger and flash files agree. `burned` is
    the number of boards that each station finished.

    Seconds on the clocks of the ports: the `slowest` board, the `wall` of them all, and `worked`,
    the ports added up. `seconds` are this machine's.
    """

    errors: list[str] = field(default_factory=list)
    burned: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    kills: int = 0
    slowest: float = 0.0
    wall: float = 0.0
    worked: float = 0.0
    seconds: float = 0.0


@dataclass
class _Station:
    name: str
    ports: list[Path]
    rng: random.Random
    kills: int = 0
    before: float = 0.0  # Seconds that its ports will still work before the next kill.


# A burn takes more than this on the clock of its port; a second look
# at a board that is already written takes more than half of it.
_BOARD_SECONDS = 2.0


class Soak:
    """One batch from its first board to its last; `ledger` is a URL, "" a file in `folder`."""

    def __init__(
        self,
        folder: Path,
        *,
        rows: int,
        ports: int,
        firmware: int = 0,
        stations: int = 1,
        ledger: str = "",
        scans: bool = False,
        tests: bool = False,
        trouble: Trouble,
    ) -> None:
        rng = random.Random(trouble.seed)
        self._trouble = trouble
        self._scans = scans
        self._batch = Workshop(folder).batch(
            count=rows,
            naming=_SCANS if scans else _TEMPLATE,
            firmware=firmware,
            more=_TEST if tests else "",
        )
        self._where = ledger or str(folder / "ledger.db")
        made = units(folder, rows + trouble.spoiled, rng=rng, faulty=trouble.faulty)
        made += [spoil(folder, rng, number) for number in range(trouble.spoiled)]
        for number, unit in enumerate(made, 1):
            unit.serial = f"SN{number:05d}"
        rng.shuffle(made)
        self._units = made
        self._floor = Floor(folder, ports=ports, units=made, pace=self._spend)
        self._plan = plans.load(self._batch)
        self._stations = [
            _Station(f"bench-{n + 1}", self._floor.paths[n::stations], random.Random(rng.random()))
            for n in range(stations)
        ]
        self._of_port = {path: one for one in self._stations for path in one.ports}
        self._programs: dict[str, subprocess.Popen[str]] = {}
        self._spending = threading.Lock()
        self._round = threading.Barrier(stations)

    def run(self, *, patience: float = 3600.0) -> Result:
        """Run `alink-burn run` again and again until the batch is complete."""
        began = time.monotonic()
        with ThreadPoolExecutor(len(self._stations)) as pool:
            ends = pool.map(lambda one: self._work(one, began + patience), self._stations)
        self._floor.close()
        result = self._compare()
        result.errors += [fault for fault in ends if fault]
        result.seconds = time.monotonic() - began
        return result

    def _work(self, station: _Station, until: float) -> str:
        # A sentence when the station did not come to its end.
        code = rounds = 0
        try:
            while missing := self._missing():
                if code not in (0, 1, -9) or time.monotonic() > until:
                    return f"{station.name}: its last run ended with {code}"
                self._floor.tidy(station.ports, fills=not self._scans)
                if rounds < self._trouble.kills:
                    self._aim(station, missing)
                rounds += 1
                code = self._one_run(station)
                station.kills += code == -9
        finally:
            self._round.abort()
        return ""

    def _aim(self, station: _Station, missing: int) -> None:
        # The program dies after so much work of its ports, however fast the computer is. All
        # stations wait here for each other, so that no station burns the batch alone.
        with suppress(threading.BrokenBarrierError):
            self._round.wait()
        boards = max(1, min(len(station.ports), missing // len(self._stations)))
        most = _BOARD_SECONDS * (boards - 0.5)
        station.before = station.rng.uniform(most / 100, most)

    def _spend(self, path: Path, seconds: float) -> None:
        station = self._of_port[path]
        with self._spending:
            program = self._programs.get(station.name)
            if program and station.before:
                station.before = max(0.0, station.before - seconds)
                if not station.before:
                    program.kill()

    def _one_run(self, station: _Station) -> int:
        command = [sys.executable, "-m", "alink_factory", "run", str(self._batch), "--json"]
        command += ["--station", station.name, "--ledger", self._where]
        for path in station.ports:
            command += ["--port", str(path)]
        scanner = Scanner(self._floor, station.ports) if self._scans else None
        source = scanner.terminal if scanner else subprocess.DEVNULL
        with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, text=True) as process:
            with self._spending:
                self._programs[station.name] = process
            for line in process.stdout or ():
                self._hear(json.loads(line), scanner)
            with self._spending:
                del self._programs[station.name]
                station.before = 0.0
        if scanner:
            scanner.close()
        return process.returncode

    def _hear(self, event: dict[str, Any], scanner: Scanner | None) -> None:
        # The reaction of the robot to an event of the program.
        if event["event"] == "outcome" and event["is_last"]:
            path = Path(event["port"])
            is_green = event["result"] != "failed"
            unit = self._floor.take_out(path, is_green=is_green)
            if not is_green and event["is_final"] and event["device_name"] and not unit.is_good:
                self._scrap(unit)
        elif event["event"] == "gone" and not scanner:
            self._floor.plug(Path(event["port"]))
        if scanner:
            scanner.hear(event)

    def _scrap(self, unit: Unit) -> None:
        book = self._ledger()
        if book.find(mac=unit.mac):
            scrap.scrap(self._plan.batch.name, book, mac=unit.mac, reason="worn flash")
        book.close()

    def _ledger(self) -> Ledger:
        return Ledger(self._where, station=Station("robot", "robot"))

    def _missing(self) -> int:
        # How many boards of the batch are still to be burned.
        book = self._ledger()
        done = sum(claim.is_done for claim in book.claims(self._plan.batch.name))
        book.close()
        return len(self._plan.burnable) - done

    def _compare(self) -> Result:
        book = self._ledger()
        claims, entries = book.claims(), book.entries()
        book.close()
        wrong = ledger_against_flash(self._plan, claims, {u.mac: u for u in self._units})
        labels = {unit.mac: unit.serial for unit in self._units}
        wrong += [
            f"{claim.mac} has the label {labels[claim.mac]} and the name {claim.device_name}"
            for claim in claims
            if self._scans and claim.device_name != f"lamp-{labels[claim.mac]}"
        ]
        good = {e.mac for e in entries if e.what == "measured" and measured.facts_of(e.detail)[2]}
        wrong += [
            f"{claim.mac} is done without a good value"
            for claim in claims
            if claim.is_done and self._plan.batch.tests and claim.mac not in good
        ]
        scrapped = {(e.mac, e.device_name) for e in entries if e.what == "scrapped"}
        written: dict[str, set[str]] = {}
        for entry in entries:
            if entry.what == "writing" and (entry.mac, entry.device_name) not in scrapped:
                written.setdefault(entry.device_name, set()).add(entry.mac)
        wrong += [
            f"{name} was written on {', '.join(sorted(macs))}"
            for name, macs in written.items()
            if len(macs) > 1
        ]
        passed = [clock.monotonic() for clock in self._floor.clocks.values()]
        return Result(
            errors=wrong,
            burned=Counter(claim.station for claim in claims if claim.is_done),
            attempts=sum(entry.what == "claimed" for entry in entries),
            kills=sum(station.kills for station in self._stations),
            slowest=max(unit.slowest for unit in self._units),
            wall=max(passed),
            worked=sum(passed),
        )


def ledger_against_flash(plan: Plan, claims: Any, boards: dict[str, Unit]) -> list[str]:
    """Return a sentence for every way in which the ledger and the flash files differ."""
    wrong = []
    done = {claim.mac: claim for claim in claims if claim.is_done}
    names = [claim.device_name for claim in done.values()]
    wanted = [row.device_name for row in plan.burnable]
    if plan.batch.naming.needs_scan:
        wanted = [f"lamp-{boards[mac].serial}" for mac in done]
    if sorted(names) != sorted(wanted) or len(names) != len(plan.burnable):
        wrong.append(f"{len(names)} names are done, {len(set(names))} different, of {len(wanted)}")
    table = plan.board.table(plan.batch.layout)
    place, fctry = table.find("vfs"), table.find("fctry")
    for mac, unit in boards.items():
        claim = done.get(mac)
        burned = unit.flash.read(fctry.offset, fctry.size)
        if claim is None:
            if unit.is_good and burned != b"\xff" * fctry.size:
                wrong.append(f"{mac} is not in the ledger and carries something")
            continue
        serial = unit.serial if plan.batch.naming.needs_scan else ""
        row = plan.named(plan.by_key[claim.row], mac=mac, serial=serial)
        try:
            if row is None or identity.decode(burned).identity != plan.identity(row):
                wrong.append(f"{mac} does not carry {claim.device_name}")
            if PartitionTable.from_binary(unit.flash.read(0x8000, 0xC00)) != table:
                wrong.append(f"{mac} has another table")
            if vfs.read(unit.flash.read(place.offset, place.size), place) != plan.files:
                wrong.append(f"{mac} has other files")
        except ValueError as error:
            wrong.append(f"{mac}: {error}")
        if plan.firmware:
            slot = table.slots[0]
            app = plan.firmware.app.data
            if unit.flash.read(slot.offset, len(app)) != app:
                wrong.append(f"{mac} has another application")
    return wrong


def main() -> int:
    """Run a soak and print its result; return 0 if nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.factory.soak", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--ports", type=int, default=8)
    parser.add_argument("--firmware", type=int, default=0, help="bytes of application, 0: none")
    parser.add_argument("--stations", type=int, default=1, help="programs that share the ports")
    parser.add_argument("--postgres", action="store_true", help="the ledger is a PostgreSQL")
    parser.add_argument("--scans", action="store_true", help="each board is scanned first")
    parser.add_argument("--tests", action="store_true", help="each board is measured")
    parser.add_argument("--kills", type=int, default=0, help="of each station's program")
    parser.add_argument("--faulty", type=float, default=0.2, help="share of boards")
    parser.add_argument("--spoiled", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    trouble = Trouble(chosen.faulty, chosen.spoiled, chosen.kills, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="alink-soak-") as folder, ExitStack() as server:
        if chosen.postgres:
            server.callback(postgres.end, postgres.begin())
        result = Soak(
            Path(folder),
            rows=chosen.rows,
            ports=chosen.ports,
            firmware=chosen.firmware,
            stations=chosen.stations,
            ledger=postgres.fresh_database() if chosen.postgres else "",
            scans=chosen.scans,
            tests=chosen.tests,
            trouble=trouble,
        ).run(patience=6 * 3600)
    burned = ", ".join(f"{name} {number}" for name, number in sorted(result.burned.items()))
    sys.stdout.write(
        f"{chosen.rows} rows on {chosen.ports} ports, seed {chosen.seed}: "
        f"{result.attempts} attempts, {result.kills} kills, {result.seconds:.0f} s\n"
        f"finished by {burned}\n"
        f"on the clocks of the ports: {result.wall:.0f} s, added up {result.worked:.0f} s; "
        f"slowest board {result.slowest:.1f} s, the line {result.wall / result.slowest:.1f} of "
        f"these for {chosen.rows / chosen.ports:.1f} boards a port\n"
    )
    for fault in result.errors:
        sys.stdout.write(f"WRONG: {fault}\n")
    if not result.errors:
        sys.stdout.write("no name burned twice, none lost, ledger and flash files agree\n")
    return 1 if result.errors else 0


if __name__ == "__main__":
    sys.exit(main())
