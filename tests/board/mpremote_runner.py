"""The real mpremote, as a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.board.esptool_runner import Done
from tests.waiting import PATIENCE


def mpremote(port: str | Path, *arguments: str | Path) -> Done:
    """Run mpremote to its end, connected to a port."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(port), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout + done.stderr)
