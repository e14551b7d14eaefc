"""`make frozen`: heap with the SDK frozen into a firmware, as an image of your own has it.

The builder of the chip's interpreter freezes the SDK, umqtt.simple and ssl into a second one. It
runs the same programs as `heap`, and both results make the table "what fits where" of
docs/how-to/when-the-heap-is-short.md. Run it by hand: it takes 15 minutes.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alink_sim import toolchain
from alink_sim.toolchain import chip32
from alink_sim.toolchain.micropython import prefix32
from benchmarks import heap

# Usable bytes of the first heap area without PSRAM; "grown" is by `alink.memory.grow(20 * 1024)`.
# Real firmware of an ESP32 told 56,000 of 57,344. The others are the same part of
# MICROPY_GC_INITIAL_HEAP_SIZE in MicroPython's ports/esp32/mpconfigport.h, 1.24 to 1.28.
AREAS = {"ESP32": 56_000, "ESP32, grown": 73_920, "S2": 36_000, "S3, C3, C6": 64_000}
PROGRAMS = (
    "registers, logs in, posts",
    "the same, and an update over HTTPS beside the session",
    "a gateway of 24 sub-devices",
    "a gateway of 200 sub-devices",
)


def main() -> int:
    """Build, measure, print; 0, or 2 where it cannot be built."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        command = [str(firmware())]
        with tempfile.TemporaryDirectory(prefix="alink-bench-") as name:
            folder = Path(name)
            heap.compile_programs(folder)
            frozen, online = _measure(folder, command)
            heap.compile_all(folder)
            loaded, _ = _measure(folder, ())
    except toolchain.ToolchainError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 2
    sys.stdout.write(f"heap the SDK keeps while online, frozen: {online} bytes; goal 9216\n\n")
    sys.stdout.writelines(f"{line}\n" for line in table(loaded, frozen))
    return 0


def online(folder: Path) -> int:
    """Return the heap that a frozen SDK keeps while online; `folder` is scratch.

    Raises ToolchainError where the interpreter cannot be built.
    """
    heap.compile_programs(folder)
    with heap.burned(folder):
        words = ["first_boot", "certificate.bin"]
        said = heap.run(folder, 64 * 1024, words, command=[str(firmware())])
    return int(said.split()[-1])


def table(loaded: Sequence[int], frozen: Sequence[int]) -> list[str]:
    """Return "what fits where" in Markdown, from the smallest heaps of the programs in bytes."""
    fits = ["yes", "no"]
    lines = [
        f"| program | needs, from `.mpy` | {' | '.join(AREAS)} | needs, frozen | each of them |",
        "|---" * (len(AREAS) + 4) + "|",
    ]
    for program, mpy, own in zip(PROGRAMS, loaded, frozen, strict=True):
        by_chip = " | ".join(fits[mpy > area] for area in AREAS.values())
        inside = fits[own > min(AREAS.values())]
        lines.append(f"| {program} | {mpy:,} | {by_chip} | {own:,} | {inside} |")
    return lines


def _measure(folder: Path, command: Sequence[str]) -> tuple[list[int], int]:
    """Return the smallest heap of each program, and the heap in use online."""
    with heap.burned(folder) as (platform, device):
        smallest, online = heap.first_boots(folder, platform, device, command=command)
        update = heap.updates(folder, platform, device, command=command)
    gateways = [heap.gateway(folder, count=count, command=command) for count in (24, 200)]
    return [smallest, update, *gateways], online


def firmware() -> Path:
    """Return an interpreter with the SDK frozen in, built where the sources have changed."""
    library = heap.library()
    digest = hashlib.sha256()
    for name in sorted(library):
        digest.update(name.encode() + library[name].read_bytes())
    frozen = toolchain.cache_dir() / "frozen" / "library"
    shutil.rmtree(frozen, ignore_errors=True)
    for name, source in library.items():
        target = frozen / f"{name}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    manifest = f'# {digest.hexdigest()}\nfreeze("{frozen}", opt=3)\n'
    return chip32.install(prefix32(), name="frozen", manifest=manifest)


if __name__ == "__main__":
    sys.exit(main())
