"""Run the demo and draw its last screen into docs/images/demo.svg, for the READMEs."""

from __future__ import annotations

import io
import re
import sys
import time
from pathlib import Path

from rich.console import Console

from alink_sim import toolchain
from alink_sim.demo import command
from alink_sim.demo.runner import play
from alink_sim.demo.scenarios import SCENARIOS
from alink_sim.demo.table import BoardTable

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
_COLUMNS = 115


def main() -> int:
    """Write the picture; return 1 without writing if a board did not end as expected."""
    scenarios = [one for one in SCENARIOS if one.by_default]
    interpreter = toolchain.interpreter("unix64")
    began = time.monotonic()
    lines = play(scenarios, interpreter=interpreter, at_once=2, on_change=lambda _: None)
    seconds = time.monotonic() - began
    if not all(line.as_expected for line in lines):
        sys.stderr.write("a board did not end as expected: run `make demo` to see it\n")
        return 1
    console = Console(record=True, width=_COLUMNS, force_terminal=True, file=io.StringIO())
    console.print(command.title(len(scenarios), interpreter), highlight=False)
    console.print(BoardTable(lines))
    console.print(command.summary(lines, seconds), highlight=False)
    drawn = console.export_svg(title="make demo", unique_id="demo")
    # The reader's own fonts: a page that shows the picture may not load any.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(drawn, "utf-8")
    sys.stdout.write(f"wrote {PICTURE.relative_to(PICTURE.parents[2])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
