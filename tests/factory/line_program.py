"""`alink-burn run --json` as a program, with boards in its ports."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any, Self

from tests.factory.floor import Floor, units
from tests.factory.workshop import Workshop
from tests.waiting import PATIENCE


class LineProgram:
    """`alink-burn run --json` as a program, with boards in its ports."""

    def __init__(
        self, workshop: Workshop, *, ports: int, boards: int, ledger: str = "", **batch: object
    ) -> None:
        self._ledger = ledger
        self.batch = workshop.batch(**batch)  # type: ignore[arg-type]
        rng = random.Random(1)
        self.floor = Floor(
            workshop.folder, ports=ports, units=units(workshop.folder, boards, rng=rng)
        )
        self.floor.fill()
        self.process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.floor.close()

    def again(self) -> None:
        """Start the program that has ended once more; the boards are where they were."""
        self.process = self._start()

    def until(self, **wanted: object) -> list[dict[str, Any]]:
        """Read events up to one that has these values."""
        assert self.process.stdout
        seen = []
        for line in self.process.stdout:
            seen.append(json.loads(line))
            if all(seen[-1].get(key) == value for key, value in wanted.items()):
                return seen
        raise AssertionError(f"no {wanted} in {seen} {self.process.communicate()[1]}")

    def rest(self) -> tuple[int, list[dict[str, Any]], str]:
        """Wait for the end; return the exit code, the events that are left, and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "alink_factory", "run", str(self.batch), "--json"]
        for path in self.floor.paths:
            command += ["--port", str(path)]
        if self._ledger:
            command += ["--ledger", self._ledger]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
