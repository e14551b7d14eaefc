"""The thing model of a board: what it reads and keeps, on the 32-bit interpreter."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alink_sim import thing_model
from tests import interpreters
from tests.module_model import MODEL, MOTOR

ROOT = Path(__file__).resolve().parents[2]
READ = """
import sys
sys.path.insert(0, "{firmware}")
from alink import tsl_reader
with open("{file}", "rb") as file:
    print(str(tsl_reader.lines(file), "utf-8"))
"""
KEEP = """
import gc, sys
sys.path.insert(0, "{firmware}")
from alink import tsl
tsl.Model("{small}")  # Loads what reading needs.
gc.collect()
before = gc.mem_alloc()
model = tsl.Model("{file}")
gc.collect()
print(gc.mem_alloc() - before)
model.check_properties({{"Measurement19": 21.5}})
"""
TYPES: tuple[dict[str, Any], ...] = (
    {"type": "int", "specs": {"min": "-5", "max": "100", "unit": "%"}},
    {"type": "double", "specs": {"min": "0.5", "max": "9.25"}},
    {"type": "float", "specs": {}},
    {"type": "bool", "specs": {"1": "on", "0": "off"}},
    {"type": "enum", "specs": {"3": "c", "1": "a"}},
    {"type": "text", "specs": {"length": "32"}},
    {"type": "date", "specs": {}},
    {"type": "array", "specs": {"size": "4", "item": {"type": "int", "specs": {}}}},
    {
        "type": "struct",
        "specs": [{"identifier": "x", "dataType": {"type": "text", "specs": {"length": "8"}}}],
    },
)


def a_model(types: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return a thing model with a property of each type, as wordy as the console's export."""
    return {
        "schema": "https://example.com/schema.json",
        "properties": [
            {
                "identifier": f"Measurement{number}",
                "name": f"Measured value number {number} " * 12,
                "accessMode": "r" if number % 2 else "rw",
                "desc": "A long description, as the console exports it. " * 5,
                "required": False,
                "dataType": kind,
            }
            for number, kind in enumerate(types)
        ],
        "events": [],
        "services": [],
    }


def run(script: str, **names: object) -> str:
    command = interpreters.require("unix32").command
    done = subprocess.run(
        [*command, "-c", script.format(firmware=ROOT / "firmware", **names)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("which", ["example", "each type", "modules", "one module"])
def test_compiled_model_is_what_a_board_reads(which: str, tmp_path: Path) -> None:
    file = ROOT / "examples/projects/thermostat/firmware/thing.json"
    if which == "each type":
        file = tmp_path / "thing.json"
        file.write_text(json.dumps(a_model(TYPES)), encoding="utf-8")
    elif which != "example":
        model = MODEL if which == "modules" else MOTOR
        file = tmp_path / "thing.json"
        file.write_text(json.dumps(model), encoding="utf-8")
    read = run(READ, file=file)
    first, _, rest = thing_model.compiled(thing_model.read(file)).decode().partition("\n")
    assert first == "#alink-thing 1"
    assert rest == read.removesuffix("\n")


def test_property_takes_sixty_bytes_at_most(tmp_path: Path) -> None:
    """An export of 14 KB is read in parts; nothing but what the checks need is kept."""
    number = {"type": "float", "specs": {"min": "-40", "max": "125", "unitName": "degrees" * 4}}
    model = a_model((number,) * 20)
    file, small, ready = (tmp_path / name for name in ("thing.json", "small.json", "thing.txt"))
    file.write_text(json.dumps(model), encoding="utf-8")
    assert file.stat().st_size > 14_000
    small.write_text(json.dumps(a_model((number,))), encoding="utf-8")
    ready.write_bytes(thing_model.compiled(thing_model.read(file)))
    for one in (file, ready):
        taken = int(run(KEEP, file=one, small=small))
        assert 20 * 20 < taken <= 20 * 60, one
