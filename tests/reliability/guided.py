"""Coverage-guided inputs: atheris looks for those that reach code that no input has reached.

`python -m tests.reliability.guided DOOR --runs N` feeds a door, or all of them in turn, in this
process, and ends with a line of JSON. `make fuzzer` installs atheris into .cache/atheris.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reliability.memory import resident

ROOT = Path(__file__).resolve().parents[2]
ATHERIS = ROOT / ".cache" / "atheris"
ALL = "all"
_LONGEST = 2000  # Bytes of an input: longer ones only repeat.
_WALL_SECONDS = 86400  # Of atheris for one input; hangs are seconds of the processor.

Load = Callable[[], tuple[Callable[[bytes], Any], Sequence[bytes]]]


class GuidedError(AssertionError):
    """A guided input made a target raise, or the fuzzer did not run to its end."""


@dataclass(frozen=True)
class Guided:
    """A run: inputs, edges of the code reached by the seeds and at the end, longest input in
    seconds of the processor, and memory in MB after a tenth of the inputs and at the end.
    """

    inputs: int
    edges_of_seeds: int
    edges: int
    slowest: float
    memory_before: float
    memory_after: float


def is_installed() -> bool:
    """Return whether `make fuzzer` has installed atheris."""
    return (ATHERIS / "atheris").is_dir()


def run(door: str, runs: int, seed: int) -> Guided:
    """Feed a door `runs` inputs in a separate process. Raises GuidedError with its output."""
    command = [sys.executable, "-m", __name__, door, "--runs", str(runs), "--seed", str(seed)]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return result(done.returncode, done.stdout.decode(errors="replace"))


def result(code: int, output: str) -> Guided:
    """Return what a fuzzer's output tells. Raises GuidedError with the output."""
    edges = [int(one) for one in re.findall(r"\bcov: (\d+)", output)]
    told = re.search(r"^\{.*\}$", output, re.MULTILINE)
    if code or not told or not edges:
        said = [line for line in output.splitlines() if not line.startswith("#")]
        raise GuidedError(f"exit code {code}\n" + "\n".join(said)[:20000])
    return Guided(edges_of_seeds=edges[0], edges=edges[-1], **json.loads(told[0]))


def fuzz(load: Load, packages: Sequence[str], runs: int, seed: int) -> None:
    """Feed the function that `load` returns, beginning with its seeds; ends this process.

    `packages` are those whose code counts; `load` imports them, for the first time.
    """
    sys.path.insert(0, str(ATHERIS))
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(packages)):
        feed, seeds = load()
    told: dict[str, float] = {"inputs": 0, "slowest": 0.0, "memory_before": 0.0}

    def target(data: bytes) -> None:
        begun = time.process_time()
        feed(data)
        told["slowest"] = max(told["slowest"], time.process_time() - begun)
        told["inputs"] += 1
        if told["inputs"] == runs // 10:
            told["memory_before"] = resident()
        if told["inputs"] == runs:
            sys.stdout.write(f"\n{json.dumps({**told, 'memory_after': resident()})}\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="alink-corpus-") as corpus:
        for number, data in enumerate(seeds):
            (Path(corpus) / f"{number:04}").write_bytes(data)
        options = (
            f"-runs={runs}",
            f"-seed={seed}",
            f"-max_len={_LONGEST}",
            f"-timeout={_WALL_SECONDS}",
        )
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}/", corpus], target)
        atheris.Fuzz()


def main() -> None:
    """Feed a door of the platform."""
    parser = argparse.ArgumentParser()
    parser.add_argument("door")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # aiohttp warns of headers that are broken on purpose.

    def load() -> tuple[Callable[[bytes], Any], Sequence[bytes]]:
        from tests.reliability import doors

        opened = doors.Doors().__enter__()

        def feed(data: bytes) -> None:
            if chosen.door == ALL:
                opened.feed(doors.NAMES[(data[0] if data else 0) % len(doors.NAMES)], data[1:])
            else:
                opened.feed(chosen.door, data)

        return feed, [bytes((first,)) + one for one in doors.SEEDS for first in (0, 1)]

    fuzz(load, ("alink_sim", "alink_formats"), chosen.runs, chosen.seed)


if __name__ == "__main__":
    main()
