"""Parts that some tests need and a machine may lack: the skipped tests, why, how to get them.

`make test` prints this at its start, and the commands again at its end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alink_sim import toolchain
from tests import postgres

# The rooms of the tests look for them there; importing these rooms would slow every run.
CACHE = Path(__file__).resolve().parents[1] / ".cache"
CHROMIUM = Path("/usr/bin/chromium")
NODE_SDK = CACHE / "node" / "node_modules" / "alibabacloud-iot-device-sdk"
ATHERIS = CACHE / "atheris"


@dataclass(frozen=True)
class Part:
    """An optional part: its name, whether it is here, its tests, and the command to get it."""

    name: str
    is_here: Callable[[], bool]
    tests: str
    command: str


PARTS = (
    Part(
        "the 32-bit MicroPython",
        lambda: not toolchain.missing_reason("unix32"),
        "every test on unix32",
        "make interpreters",
    ),
    Part(
        "the interpreter of a chip",
        lambda: not toolchain.missing_reason("chip32"),
        "heap figures, and heap that grows as on a chip",
        "make interpreters",
    ),
    Part(
        "PostgreSQL",
        lambda: not postgres.missing_reason(),
        "ledger and platform on PostgreSQL",
        "make system",
    ),
    Part("Chromium", CHROMIUM.exists, "the web console", "make system"),
    Part(
        "mosquitto",
        lambda: bool(shutil.which("mosquitto_pub")),
        "another MQTT client",
        "make system",
    ),
    Part(
        "the vendor's Node.js SDK",
        NODE_SDK.is_dir,
        "another device SDK",
        "make node",
    ),
    Part("atheris", (ATHERIS / "atheris").is_dir, "coverage-guided fuzzing", "make fuzzer"),
    Part("Sphinx", (CACHE / "docs" / "sphinx").is_dir, "the documentation site", "make docs"),
    Part(
        "cyclonedx-python-lib",
        (CACHE / "release" / "cyclonedx").is_dir,
        "the schema of the SBOM",
        "make release-check",
    ),
)


def announced(parts: Iterable[Part] = PARTS) -> Iterator[str]:
    """Yield a text line for each missing part: which tests are skipped, and why."""
    for one in parts:
        if not one.is_here():
            yield f"will be skipped: {one.tests} ({one.name} is not here)"


def advised(parts: Iterable[Part] = PARTS) -> Iterator[str]:
    """Yield a text line for each command that gets missing parts."""
    commands: dict[str, list[str]] = {}
    for one in parts:
        if not one.is_here():
            commands.setdefault(one.command, []).append(one.name)
    for command, names in commands.items():
        yield f"to run the skipped tests: {command} (gets {', '.join(names)})"
