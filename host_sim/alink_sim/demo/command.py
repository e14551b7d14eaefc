"""The command `alink-sim demo`: run scenarios; show a live table, text lines or JSON."""

from __future__ import annotations

import json
import sys
import time

from rich.console import Console
from rich.live import Live

from alink_sim import toolchain
from alink_sim.demo.runner import play
from alink_sim.demo.scenarios import SCENARIOS
from alink_sim.demo.step_lines import StepLines
from alink_sim.demo.steps import Progress
from alink_sim.demo.table import BoardTable


def run(*, everything: bool, as_json: bool, interpreter: str, jobs: int) -> int:
    """Run the default scenarios, or all; return 0 if every board ended as expected, else 1."""
    scenarios = [one for one in SCENARIOS if everything or one.by_default]
    chosen = toolchain.interpreter(interpreter)
    began = time.monotonic()
    if as_json:
        lines = play(scenarios, interpreter=chosen, at_once=jobs, on_change=lambda _: None)
        document = {
            "interpreter": chosen.name,
            "seconds": round(time.monotonic() - began, 3),
            "boards": [line.as_json() for line in lines],
            "ok": all(line.as_expected for line in lines),
        }
        json.dump(document, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        console = Console()
        console.print(title(len(scenarios), chosen), highlight=False)
        if console.is_terminal:
            with Live(console=console, refresh_per_second=10) as live:

                def show(lines: list[Progress]) -> None:
                    live.update(BoardTable(lines))

                lines = play(scenarios, interpreter=chosen, at_once=jobs, on_change=show)
        else:
            lines = play(scenarios, interpreter=chosen, at_once=jobs, on_change=StepLines().show)
            sys.stdout.write("\n")
            _draw(console, BoardTable(lines))
        console.print(summary(lines, time.monotonic() - began), highlight=False)
    return 0 if all(line.as_expected for line in lines) else 1


def _draw(console: Console, table: BoardTable) -> None:
    # Rich fills the last column with blanks; a pipe or a file does not need them.
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def title(count: int, interpreter: toolchain.Interpreter) -> str:
    """Return the text above the table, in the markup of Rich."""
    return (
        f"[bold]{count} boards[/], each a 4 MB flash and MicroPython ({interpreter.name})\n"
        "in the heap of an ESP32, as boot.py grows it, and one platform, over TLS.\n"
        "[dim]Seconds since the burning of each board began:[/]\n"
    )


def summary(lines: list[Progress], seconds: float) -> str:
    """Return the text below the table, in the markup of Rich."""
    good = sum(bool(line.as_expected) for line in lines)
    style = "bold green" if good == len(lines) else "bold red"
    return f"\n[{style}]{good} of {len(lines)} boards[/] ended as expected, in {seconds:.1f} s"
