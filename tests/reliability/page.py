"""The page of `make reliability`: docs/explanation/reliability.md."""

from __future__ import annotations

import platform as machine
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.reliability import fuzz
from tests.reliability.day import Day
from tests.reliability.fuzz import DeviceResult, Result
from tests.reliability.guided import Guided

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "reliability.md"


@dataclass(frozen=True)
class Door:
    """All results at one door of the platform."""

    mutated: Result
    structured: int
    guided: Guided | None

    @property
    def inputs(self) -> int:
        """Return the number of all inputs."""
        return self.mutated.inputs + self.structured + (self.guided.inputs if self.guided else 0)


def write(
    doors: Sequence[Door], devices: Sequence[DeviceResult], day: Day, seconds: float
) -> None:
    """Write the page; its tables of tests stay."""
    tests = PAGE.read_text(encoding="utf-8").partition("\n## Tests")
    total = sum(one.inputs for one in doors) + sum(one.inputs for one in devices)
    libraries = ", ".join(
        f"{one} {version(one)}" for one in ("aiohttp", "SQLAlchemy", "Hypothesis")
    )
    text = f"""\
# Reliability

`make reliability` writes this page. Each figure is of the run that is named here.

- Date: {datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes in all parts, seed {fuzz.SEED}
- Python {machine.python_version()}, {libraries}
- {total:,} inputs: 0 tracebacks, 0 hangs, no memory that grows

The bounded form of this run is in `make test`: tests/reliability/test_fuzz.py and test_day.py.

## Inputs at each door of the platform

An input is fed without sockets, in the platform's event loop (tests/reliability/doors.py).
*Mutated* inputs are valid messages that are changed in a few places. *Structured* ones are what
Hypothesis builds: JSON documents and forms; at `mqtt` the steps of sessions; at `http` calls of
HTTPS registration, cloud API and administration beside a session, whose responses a model predicts
(tests/reliability/ports.py); at `ota` uploads and downloads beside a session (files.py). *Guided*
ones are those of atheris, which prefers inputs that reach new code: *edges* are the branches that
its first inputs reach, and those that all of them reach.

A traceback is an exception that is not a documented refusal, or a `platform_error` in the event
log. A hang is an input of more than {fuzz.SLOW:.0f} s of the processor. Memory is that of the
process, after a tenth of the mutated inputs and at their end; its event log is kept short.

| door | mutated | structured | guided | edges | tracebacks | hangs | slowest | memory |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(map(_row, doors))}

## Inputs at each door of the device

The bytecode of the SDK runs in one MicroPython process for each door, and gets messages of a
platform over a pipe (tests/firmware/upy/device_doors.py). *Mutated* ones are changed in a few
places. *Structured* ones are what Hypothesis builds: sessions, replies, credentials and downloads;
a model says what the device has to send, and which body it has to take
(tests/reliability/device_structured.py). A traceback is an exception that is not one of the SDK's
errors, or that ends a session. A hang is an input that takes more than 4,000
steps and 40 for each of its bytes: a step is a read, a write, a wait or a look at the clock.
Memory is the allocated heap after a collection, in the first and in the last fifth of the mutated
inputs.

| build | door | mutated | structured | tracebacks | hangs | most steps | heap |
|---|---|---|---|---|---|---|---|
{chr(10).join(map(_device_row, devices))}

## {day.hours:.0f} hours of {day.boards} boards on a bad network

Each board runs the SDK on the {day.interpreter} build, posts a numbered property every five
minutes through an outbox on its flash, and prints the number once it is acknowledged. A clock that
skips all waits turns these hours in {day.seconds / 60:.0f} minutes (tests/reliability/day.py).
After each SIGKILL and at the end, the database must have every number that was acknowledged, and
one ClientID for each board.

| what happened | how often |
|---|---|
| connections cut, silent, half-open, slow; PUBACK or PINGRESP lost | {day.faults:,} faults |
| platform ended by SIGKILL, away for up to 15 minutes | {day.kills:,} |
| board lost its power | {day.power_cuts:,} |
| sessions | {day.sessions:,} |
| posts acknowledged | {day.acknowledged:,} |
| **acknowledged posts lost** | **0** |
| registrations | {day.registrations:,} |
| **second registrations** | **0** |
"""
    PAGE.write_text(text + "".join(tests[1:]), encoding="utf-8")


def _row(door: Door) -> str:
    plain, guided = door.mutated, door.guided
    found = f"{guided.inputs:,} | {guided.edges_of_seeds} → {guided.edges}" if guided else "0 | "
    slowest = max(plain.slowest, guided.slowest if guided else 0.0)
    return (
        f"| `{plain.door}` | {plain.inputs:,} | {door.structured:,} | {found} | 0 | 0 | "
        f"{slowest * 1000:.0f} ms | {plain.memory_before:.0f} → {plain.memory_after:.0f} MB |"
    )


def _device_row(one: DeviceResult) -> str:
    return (
        f"| {one.interpreter} | `{one.door}` | {one.mutated:,} | {one.structured:,} | 0 | 0 | "
        f"{one.steps:,} | {one.heap_before:,} → {one.heap_after:,} bytes |"
    )
