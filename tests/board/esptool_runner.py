"""The real esptool, as a command."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE

PTY = ("--before", "no-reset", "--after", "no-reset")  # A pty carries neither DTR nor RTS.


@dataclass(frozen=True)
class Done:
    """The exit code and the output."""

    code: int
    text: str


def esptool(*arguments: str | Path, config: Path | None = None) -> Done:
    """Run esptool to its end, with a configuration file if given."""
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}
    if config:
        environment["ESPTOOL_CFGFILE"] = str(config)
    done = subprocess.run(
        [sys.executable, "-m", "esptool", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout + done.stderr)
