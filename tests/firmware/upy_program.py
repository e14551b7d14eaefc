"""Run a program of `tests/firmware/upy` beside the SDK: JSON in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from alink_sim import toolchain
from tests import interpreters
from tests.waiting import PATIENCE

TESTS = Path(__file__).resolve().parents[1]


def result(name: str, given: object) -> Any:
    """Return what a program on the 64-bit interpreter prints about `given`."""
    path = [toolchain.firmware_dir(), toolchain.umqtt_simple(), ".frozen", TESTS / "core"]
    done = subprocess.run(
        [*interpreters.require("unix64").command, str(TESTS / "firmware" / "upy" / name)],
        input=json.dumps(given),
        env=os.environ | {"MICROPYPATH": ":".join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
