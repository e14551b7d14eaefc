"""The long fuzz run: millions of inputs at every door, then a page with the results.

`python -m tests.reliability.fuzz --inputs 1000000` feeds mutated messages, and where atheris is
installed, a coverage-guided share. A failure or a hang ends it with the input.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import platform as machine
import random
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.reliability.doors import NAMES, Doors, mutated

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
SLOW = 5.0  # Seconds of the processor for one input: a hang.
GUIDED = ("json", "mqtt", "message")  # The doors for which atheris finds new ways.
SEED = 20261130
BATCH = 500


@dataclass(frozen=True)
class Result:
    """The inputs of one door; memory in MB after a tenth of the inputs and at the end."""

    door: str
    inputs: int
    slowest: float
    memory_before: float
    memory_after: float


def resident() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def feed(doors: Doors, door: str, inputs: int, seed: int) -> Result:
    """Feed a door. Raises what the platform failed with, after printing the input."""
    chance = random.Random(seed)
    slowest = before = 0.0
    for first in range(0, inputs, BATCH):
        if not before and first >= inputs // 10:
            before = resident()
        size = min(BATCH, inputs - first)
        slowest = max(slowest, doors.feed_all(door, [mutated(chance) for _ in range(size)]))
        if slowest > SLOW:
            raise SystemExit(f"{door}, seed {seed}, inputs {first} on: one took {slowest:.1f} s")
    return Result(door, inputs, slowest, before, resident())


def guided(door: str, inputs: int) -> bool:
    """Let atheris feed a door in a separate process; return False without atheris."""
    if not importlib.util.find_spec("atheris"):
        return False
    command = [sys.executable, "-m", "tests.reliability.fuzz", "--guided", door]
    subprocess.run([*command, "--inputs", str(inputs)], cwd=ROOT, check=True)
    return True


def run_guided(door: str, inputs: int) -> None:
    """Feed a door under atheris; it ends the process."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["alink_sim"]):
        for name in [one for one in sys.modules if one.startswith("alink_sim")]:
            importlib.reload(sys.modules[name])
    with Doors() as doors:
        atheris.Setup(
            [sys.argv[0], f"-runs={inputs}", f"-seed={SEED}", "-verbosity=0", "-max_len=2000"],
            lambda data: doors.feed(door, data),
        )
        atheris.Fuzz()


def page(results: list[Result], guided_inputs: dict[str, int], seconds: float) -> str:
    """Return docs/explanation/reliability.md."""
    total = sum(one.inputs for one in results) + sum(guided_inputs.values())
    rows = [
        f"| `{one.door}` | {one.inputs:,} | {guided_inputs.get(one.door, 0):,} | "
        f"{one.slowest * 1000:.0f} ms | {one.memory_before:.0f} MB | {one.memory_after:.0f} MB |"
        for one in results
    ]
    return "\n".join(
        (
            "# Reliability",
            "",
            "`make reliability` writes this page. Each figure is of the run that is named here.",
            "",
            f"- Date: {datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes, seed {SEED}",
            (
                f"- Python {machine.python_version()}, aiohttp {version('aiohttp')}, "
                f"SQLAlchemy {version('sqlalchemy')}"
            ),
            f"- {total:,} inputs, 0 failures, 0 inputs of more than {SLOW:.0f} s",
            "",
            "## Inputs at each door",
            "",
            (
                "An input is fed without sockets, in the platform's event loop "
                "(tests/reliability/doors.py). A failure is an exception that is not a documented "
                "refusal, or a `platform_error` in the event log. Memory is that of the process "
                "with all doors, after a tenth of a door's inputs and at its end: the event log "
                "grows up to 64 MB of it."
            ),
            "",
            "| door | mutated | coverage-guided | slowest | memory, 10 % | memory, end |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "## Tests of single limits",
            "",
            "| claim | test |",
            "|---|---|",
            *(f"| {claim} | `{test}` |" for claim, test in CLAIMS),
            "",
        )
    )


CLAIMS = (
    ("No acknowledged post is lost by SIGKILL", "tests/reliability/test_posts_crash.py"),
    ("No credential is lost by SIGKILL", "tests/reliability/test_crash.py"),
    ("A change that cannot be committed changes nothing", "tests/platform/state/test_rollback.py"),
    ("One platform serves a database; damage is named", "tests/platform/state/test_claim.py"),
    ("Log, mask, rates and folder are bounded", "tests/platform/state/test_bounds.py"),
    ("Silent, slow and many HTTP clients", "tests/platform/https/test_limits.py"),
    ("Hostile messages are refused as documented", "tests/platform/test_hostile_messages.py"),
    ("JSON has 64 levels at most", "tests/platform/test_bounded_json.py"),
)


def main() -> None:
    """Feed all doors and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--guided", choices=GUIDED)
    arguments = parser.parse_args()
    if arguments.guided:
        run_guided(arguments.guided, arguments.inputs)
        return
    warnings.simplefilter("ignore")  # aiohttp warns of headers that are broken on purpose.
    begun = time.monotonic()
    share = -(-arguments.inputs // len(NAMES))
    results = []
    with Doors() as doors:
        for number, door in enumerate(NAMES):
            results.append(feed(doors, door, share, SEED + number))
            sys.stdout.write(f"{results[-1]}\n")
    guided_share = share // 10
    guided_inputs = {one: guided_share for one in GUIDED if guided(one, guided_share)}
    PAGE.write_text(page(results, guided_inputs, time.monotonic() - begun), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is written\n")


if __name__ == "__main__":
    main()
