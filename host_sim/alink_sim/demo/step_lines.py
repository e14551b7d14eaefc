"""The demo without a terminal: a plain text line for each step of a board, as it happens."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from alink_sim.demo.steps import Progress


class StepLines:
    """Print what is new in the progress of the boards."""

    def __init__(self) -> None:
        self._printed: set[tuple[str, str]] = set()

    def show(self, lines: Sequence[Progress]) -> None:
        """Print a line for each step, and for each end, that the last call did not have."""
        for line in lines:
            for step, seconds in line.steps.items():
                self._print(line, step, f"{step} after {seconds:.2f} s")
            if line.as_expected is not None:
                verdict = "as expected" if line.as_expected else "NOT as expected"
                self._print(line, "", f"ended {verdict}: {line.ended}")

    def _print(self, line: Progress, step: str, text: str) -> None:
        if (line.number, step) not in self._printed:
            self._printed.add((line.number, step))
            sys.stdout.write(f"{line.number:<2} {line.title}: {text}\n")
            sys.stdout.flush()
