"""The long fuzz run: a million inputs at the doors of the platform and of the device.

`make reliability` runs it and writes docs/explanation/reliability.md. Mutated messages, messages
and sessions that Hypothesis builds, and coverage-guided inputs (guided.py) go into the platform;
mutated messages and those that Hypothesis builds go into the SDK on each MicroPython build. A
failure, a hang or memory that grows ends it with the input.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from alink_sim.toolchain import Interpreter
from tests.reliability import device_seeds, device_structured, guided, structured
from tests.reliability.device_process import DeviceProcess
from tests.reliability.doors import SEEDS, Doors
from tests.reliability.guided import Guided
from tests.reliability.memory import resident
from tests.reliability.mutator import mutated

SLOW = 5.0  # Seconds of the processor for one input: a hang.
SEED = 20261130
BATCH = 500
LONGEST = 16384  # Bytes of an input of the device: four times its longest message.
GROWTH_MB = 16.0  # Allowed after the first tenth of a door of the platform: pools, fragments.
GROWTH_BYTES = 4096  # Allowed in the device's heap: a buffer that is kept by chance.


class MemoryGrowthError(AssertionError):
    """Memory grew with the number of inputs."""


@dataclass(frozen=True)
class Result:
    """The inputs of a door of the platform; memory in MB, after a tenth of them and at the end."""

    door: str
    inputs: int
    slowest: float
    memory_before: float
    memory_after: float


@dataclass(frozen=True)
class DeviceResult:
    """The inputs of a door of the device; heap in bytes, in the first and last fifth of those that
    are mutated.
    """

    interpreter: str
    door: str
    mutated: int
    structured: int
    steps: int
    heap_before: int
    heap_after: int

    @property
    def inputs(self) -> int:
        """Return the number of all inputs."""
        return self.mutated + self.structured


def feed(doors: Doors, door: str, inputs: int, seed: int = SEED) -> Result:
    """Feed a door of the platform with mutated messages.

    Raises what the platform failed with, after printing the input, and MemoryGrowthError.
    """
    chance = random.Random(f"{seed} {door}")
    slowest = before = 0.0
    batch = max(1, min(BATCH, inputs // 10))
    for first in range(0, inputs, batch):
        if not before and first >= inputs // 10:
            before = resident()
        size = min(batch, inputs - first)
        slowest = max(slowest, doors.feed_all(door, [mutated(chance, SEEDS) for _ in range(size)]))
        if slowest > SLOW:
            raise TimeoutError(f"{door}, seed {seed}, inputs {first} on: one took {slowest:.1f} s")
    return _flat(Result(door, inputs, slowest, before, resident()))


def feed_guided(door: str, inputs: int, seed: int = SEED) -> Guided:
    """Feed a door of the platform with coverage-guided inputs; raises as `feed` does."""
    found = guided.run(door, inputs, seed)
    if found.slowest > SLOW:
        raise TimeoutError(f"{door}, guided, seed {seed}: an input took {found.slowest:.1f} s")
    _flat(Result(door, inputs, found.slowest, found.memory_before, found.memory_after))
    return found


def feed_structured(doors: Doors, door: str, examples: int) -> int:
    """Feed a door with what Hypothesis builds for it; return the number of inputs."""
    if door in structured.MACHINES:
        return structured.feed_sessions(doors, -(-examples // structured.STEPS), door=door)
    return structured.feed_documents(doors, door, examples)


def feed_device(
    interpreter: Interpreter, door: str, inputs: int, seed: int = SEED, *, structured: int = 0
) -> DeviceResult:
    """Feed a door of the device: mutated `inputs`, then `structured` ones where there are such.

    Raises DeviceFailure, MemoryGrowthError; AssertionError where the device answers wrongly.
    """
    chance = random.Random(f"{seed} {door}")
    seeds = device_seeds.SEEDS[door]
    batch = max(1, min(BATCH, inputs // 20))
    steps, used = 0, []
    with DeviceProcess(interpreter, door) as device:
        for first in range(0, inputs, batch):
            size = min(batch, inputs - first)
            answer = device.feed([mutated(chance, seeds)[:LONGEST] for _ in range(size)])
            steps = max(steps, answer.steps)
            used.append(answer.used)
    # The least of five: a stale word on the C stack may keep the buffer of a message.
    before, after = min(used[2:7]), min(used[-5:])
    if after > before + GROWTH_BYTES:
        raise MemoryGrowthError(f"{door} on {interpreter.name}: the heap grew: {used}")
    built = 0
    if structured and door in device_structured.DOORS:
        built = device_structured.feed(interpreter, door, structured)
    return DeviceResult(interpreter.name, door, inputs, built, steps, before, after)


def _flat(result: Result) -> Result:
    if result.memory_after > result.memory_before + GROWTH_MB:
        raise MemoryGrowthError(
            f"{result.door}: the process grew from {result.memory_before:.0f} MB "
            f"to {result.memory_after:.0f} MB"
        )
    return result
