"""A large batch relative to a small one: a claim and a count, `plan`, and the memory of `report`.

Claims and counts alternate between the two ledgers in one process. `plan` and `report` run as
programs; their CPU seconds and their memory are those that the operating system counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alink_factory.batch import plan as plans
from alink_factory.batch.plan import Plan
from alink_factory.ledger import Ledger, Station, TakenRows
from tests.factory.filling import fill

_FEW = 1_000
_MANY = 100_000
_FREE = 60  # Rows that no board has yet.
_ROUNDS = 40

# Runs a program and prints its CPU seconds and its largest memory in MiB.
_MEASURED = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / unit]))
"""


@dataclass(frozen=True)
class LedgerCost:
    """Costs with many boards over those with few: ratios, CPU seconds more, MiB."""

    claim: float
    count: float
    plan_seconds: float
    report_mib: float


@dataclass
class _Line:
    plan: Plan
    ledger: Ledger
    taken: TakenRows
    boards: int

    def claim(self) -> None:
        """Give one more board the next free row."""
        self.boards += 1
        mac = f"f{self.boards:011x}"
        rows = self.plan.free_candidates(self.taken, mac=mac)
        if self.ledger.claim(self.plan.batch.name, rows, mac=mac) is None:
            raise RuntimeError("the batch has no free row left")


def measure(folder: Path) -> LedgerCost:
    """Return the figures; `folder` is scratch."""
    batches = [_batch(folder / f"ledger-{count}", count) for count in (_FEW, _MANY)]
    few, many = lines = [_opened(file) for file in batches]
    claim, count = [], []
    for _ in range(_ROUNDS):
        claim.append([_seconds(line.claim) for line in lines])
        count.append([_seconds(line.taken.update) for line in lines])
    few.ledger.close()
    many.ledger.close()
    small, large = (_cost("plan", file)[0] for file in batches)
    return LedgerCost(
        claim=_ratio(claim),
        count=_ratio(count),
        plan_seconds=large - small,
        report_mib=_cost("report", batches[1])[1],
    )


def rows(cost: LedgerCost) -> list[tuple[str, str, str]]:
    """Return the lines of the table."""
    many, few = f"{_MANY:,}", f"{_FEW:,}"
    return [
        (f"a claim with {many} boards in the ledger over {few}", f"{cost.claim:.2f}", "goal 3"),
        ("the same for a count of the boards", f"{cost.count:.2f}", "goal 3"),
        (
            f"CPU of `plan` with {many} rows, more than {few}",
            f"{cost.plan_seconds:.2f} s",
            "1.5 s",
        ),
        (f"memory of `report` with {many} boards", f"{cost.report_mib:.0f} MiB", "goal 150"),
    ]


def _batch(folder: Path, boards: int) -> Path:
    folder.mkdir()
    names = [f"lamp-{number:06d}" for number in range(boards + _FREE)]
    cells = (f"{name},SN{name[5:]},box {name[5:8]}\n" for name in names)
    (folder / "lamps.csv").write_text("DeviceName,SerialNumber,x-box\n" + "".join(cells))
    (folder / "product.secret").write_text("Bench0Secret0001")
    file = folder / "lamps.toml"
    file.write_text(
        '[product]\nkey = "a1Bench"\nsecret = "file:product.secret"\n[rows]\nfile = "lamps.csv"\n'
    )
    fill(str(folder / "ledger.db"), batch="lamps", product_key="a1Bench", names=names[:boards])
    return file


def _opened(file: Path) -> _Line:
    plan = plans.load(file)
    ledger = Ledger(str(file.parent / "ledger.db"), station=Station("bench-1", "mei"))
    line = _Line(plan, ledger, ledger.taken_rows(plan.batch.name, plan.by_key.keys()), 0)
    line.taken.update()
    line.claim()  # The cost of a start is not counted.
    return line


def _seconds(do: Callable[[], None]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


def _ratio(pairs: list[list[float]]) -> float:
    few, many = (statistics.median(values) for values in zip(*pairs, strict=True))
    return float(many / few)


def _cost(verb: str, batch: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", _MEASURED, sys.executable, "-m", "alink_factory", verb]
    done = subprocess.run([*command, str(batch)], check=True, capture_output=True, text=True)
    seconds, mib = json.loads(done.stdout)
    return float(seconds), float(mib)
