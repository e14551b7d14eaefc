"""The lists of stock images: true to the installed stubs, and met name by name by a board."""

from __future__ import annotations

import ast
from pathlib import Path

import stock_images
from alink_sim.board.peripherals import modules
from docs._ext import stock_images as page
from tests.board.conftest import Bench

ROOT = Path(__file__).resolve().parents[3]
STUBS = ROOT / ".cache" / "typings"  # Those of 1.25 for the ESP32; `make setup` unpacks them.
# Names that a module of the image only imports for itself.
IMPORTED = {
    "apa106.NeoPixel",
    "dht.dht_readinto",
    "ds18x20.const",
    "flashbdev.Partition",
    "inisetup.bdev",
    "mip.const",
    "neopixel.bitstream",
    "ntptime.gmtime",
    "umqtt.simple.hexlify",
}
NEWER = {"mip.allowed_mip_url_prefixes"}  # Than the 32-bit interpreter, which is 1.25.
CALLED = {"bluetooth.UUID", "os.dupterm"}  # They raise when they are called.
MAIN = """
import gc

with open("names.txt") as file:
    for line in file:
        module, *names = line.split()
        gc.collect()
        try:
            found = __import__(module)
        except ImportError as error:
            print(repr((module, str(error))))
            continue
        for part in module.split(".")[1:]:
            found = getattr(found, part)
        for name in names:
            try:
                getattr(found, name)
            except (AttributeError, NotImplementedError) as error:
                print(repr((module + "." + name, type(error).__name__, str(error))))
"""


def test_board_has_or_refuses_every_name(bench: Bench):
    data = page.read()
    text = "".join(
        f"{module} {' '.join(data['modules'].get(module, ()))}\n"
        for module in (*data["modules"], *data["by_source"])
    )
    lines = bench.run(MAIN, heap="800000", files={"/names.txt": text.encode()})
    wrong, met = [], set()
    for one in map(ast.literal_eval, lines):
        met.add(one[0])
        if len(one) == 2:
            good = one[1] == f"{one[0]} is not simulated: {modules.REFUSED_MODULES.get(one[0])}"
        elif one[1] == "AttributeError":
            good = one[2] == f"{one[0]}: {modules.LACKING.get(one[0])}"
            if bench.interpreter.name == "unix32" and one[0] in NEWER:
                met.discard(one[0])
                good = True
        else:
            good = one[2] == f"{one[0]} is not simulated: {modules.NOT_SIMULATED.get(one[0])}"
        wrong += [] if good else [one]
    assert wrong == []
    refused = {*modules.REFUSED_MODULES, *modules.NOT_SIMULATED, *modules.LACKING}
    listed = {f"{module}.{name}" for module, names in data["modules"].items() for name in names}
    assert (listed | {*data["modules"], *data["by_source"]}) & refused == met | CALLED


def test_lists_agree_with_installed_stubs():
    wrong, compared = set(), 0
    for module, names in page.read()["modules"].items():
        stub = STUBS / f"{module.replace('.', '/')}.pyi"
        stub = stub if stub.is_file() else stub.with_suffix("") / "__init__.pyi"
        if not stub.is_file():  # Of the language: the stubs of CPython describe it.
            continue
        here = {name for name, absent in names.items() if "1.25.0 esp32" not in absent}
        compared += len(here)
        wrong |= {
            f"{module}.{name}" for name in here - {*stock_images.names(stub.read_text("utf-8"))}
        }
    assert wrong == IMPORTED
    assert compared > 400


def test_page_marks_images_without_a_list():
    text = page.tables()
    for row in (
        "| 1.28.0 | esp32c3 | made on a board: `micropython-v1_28_0-esp32-ESP32_GENERIC_C3` |",
        "| 1.24.1 | esp32c3 | **not verified**: none is published |",
        "| `espnow` | not simulated: no radio but Wi-Fi is simulated. |",
        "| `DAC` | not in 1.24.1 esp32s3,",
        "| `I2S` | all | not simulated: no audio is simulated |",
        "| `processor` | not in 1.24.1 esp32,",
        "| AttributeError: only an image for RISC-V has it |",
    ):
        assert row in text, row


def test_tool_reads_names_of_a_stub(tmp_path: Path):
    (tmp_path / "utime.pyi").write_text("X: int\n")
    (tmp_path / "time.pyi").write_text("X: int = 1\ndef f(): ...\nclass C: ...\n_y: int\n")
    assert stock_images.listed(tmp_path) == {"time": ["C", "X", "f"]}
