"""`make bench`: measure, print one table, write the figures beside it.

--check fails when a figure is more than 5 % worse than the recorded one, --record keeps the
present figures as the recorded ones, --json prints them.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from alink_sim import toolchain
from benchmarks import (
    acknowledge,
    boots,
    budget,
    console,
    ledgers,
    line,
    one_board,
    platforms,
    posts,
    recovery,
    registrations,
    subscribes,
)


def main() -> int:
    """Run; return 0, 1 when --check finds a figure that got worse, 2 without the interpreter."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    for flag in ("--check", "--record", "--json"):
        parser.add_argument(flag, action="store_true")
    chosen = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # Peers that leave early are meant to.
    try:
        with tempfile.TemporaryDirectory(prefix="alink-bench-") as name:
            folder = Path(name)
            figures = budget.measure(folder)
            quick = chosen.check or chosen.json
            speed = [] if quick else _speed(folder)
    except toolchain.ToolchainError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 2
    results = toolchain.cache_dir() / "bench.json"
    results.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if chosen.record:
        budget.RECORDED.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if chosen.json:
        sys.stdout.write(results.read_text("utf-8"))
    else:
        Console().print(_table(figures, speed))
    worse = budget.worse(figures) if chosen.check else []
    for sentence in worse:
        sys.stderr.write(f"benchmarks: {sentence}\n")
    return 1 if worse else 0


def _speed(folder: Path) -> list[tuple[str, str, str]]:
    return (
        budget.rows(
            posts.measure(folder),
            boots.measure(folder),
            registrations.measure(folder),
            platforms.measure(folder),
        )
        + acknowledge.rows(acknowledge.measure(folder))
        + subscribes.rows(subscribes.measure(folder))
        + console.rows(console.measure(folder))
        + recovery.rows(recovery.measure(folder))
        + line.rows(line.measure(folder))
        + one_board.rows(one_board.measure(folder))
        + ledgers.rows(ledgers.measure(folder))
    )


def _table(figures: dict[str, int], speed: list[tuple[str, str, str]]) -> Table:
    table = Table("figure", "", "goal", box=None, pad_edge=False)
    for row in speed:
        table.add_row(*row)
    for name, value in figures.items():
        if not name.startswith("mpy."):
            table.add_row(budget.TITLES[name], f"{value}", budget.goal(name, figures))
    for name, value in figures.items():
        if name.startswith("mpy."):
            table.add_row(name, str(value), "")
    return table


if __name__ == "__main__":
    sys.exit(main())
