"""Two application slots: the choice at boot, trials, rollback and power cuts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alink_formats import board as definitions
from alink_formats.partitions import PartitionTable
from alink_sim import toolchain
from alink_sim.board import Board, FlashFile, beside_standins, firmware_image, sdk_files
from alink_sim.board.flash.ota_data import ABORTED, NEW, PENDING, VALID, OtaData
from tests.board.conftest import Bench, printed

KIND = "ESP32_GENERIC-OTA"
OLD = firmware_image.application("esp32", size=12_000, version="1.0.0")
FRESH = firmware_image.application("esp32", size=13_000, seed=1, version="2.0.0")

# The description of an application of `firmware_image` contains its version.
HELLO = """
import machine
from esp32 import Partition
from alink.ota.slot import Slot

running = Partition(Partition.RUNNING)
version = bytearray(32)
running.readblocks(0, version, 48)
version = bytes(version).rstrip(b"\\0").decode()
slot = Slot()
print("runs", version, running.info()[4], slot.on_trial())

def write():
    with open("/new.bin", "rb") as file:
        image = file.read()
    slot.begin(len(image))
    for at in range(0, len(image), 4096):
        slot.write(at, memoryview(image)[at : at + 4096])
"""
UPDATES = (
    HELLO
    + """
if version == "1.0.0":
    write()
    slot.finish()
    machine.reset()
slot.confirm()
print("confirmed")
"""
)


def bench_board(bench: Bench, main: str, fresh: bytes = FRESH) -> Board:
    files = {path: data for path, data in sdk_files().items() if path != "/main.py"}
    heap = beside_standins(bench.interpreter)  # A test writes an image in one piece.
    return bench.board(main, board=KIND, app=OLD, files={**files, "/new.bin": fresh}, heap=heap)


# The entries of otadata


@pytest.fixture
def choice(tmp_path: Path) -> OtaData:
    flash = FlashFile.create(tmp_path / "flash", size=4 << 20)
    return OtaData(flash, table())


def table() -> PartitionTable:
    return definitions.load(toolchain.boards_dir() / KIND).table("factory")


def told(choice: OtaData) -> list[tuple[int, int]]:
    return [(entry.sequence, entry.state) for entry in choice.entries() if entry.is_valid]


def names(choice: OtaData) -> list[str]:
    return [slot.name for slot in choice.boot()]


def test_first_slot_boots_without_choice_and_is_stored(choice: OtaData):
    assert names(choice) == ["ota_0", "ota_1"]
    choice.started(choice.slots[0])
    assert told(choice) == [(1, VALID)]


def test_unconfirmed_image_rolls_back_after_one_trial(choice: OtaData):
    choice.started(choice.slots[0])
    choice.select(choice.slots[1])
    assert told(choice) == [(1, VALID), (2, NEW)]
    assert names(choice) == ["ota_1", "ota_0"]
    assert told(choice) == [(1, VALID), (2, PENDING)]
    assert names(choice) == ["ota_0", "ota_1"]
    assert told(choice) == [(1, VALID), (2, ABORTED)]


def test_confirmed_image_stays_next_uses_other_entry(choice: OtaData):
    choice.started(choice.slots[0])
    choice.select(choice.slots[1])
    names(choice)
    choice.confirm()
    assert names(choice) == ["ota_1", "ota_0"]
    choice.select(choice.slots[0])
    assert told(choice) == [(3, NEW), (2, VALID)]
    assert names(choice) == ["ota_0", "ota_1"]


def test_otadata_entry_matches_esp_idf_bytes(choice: OtaData, tmp_path: Path):
    choice.started(choice.slots[0])
    written = FlashFile(tmp_path / "flash").read(table().find("otadata").offset, 32)
    assert written.hex() == "01000000" + "ff" * 20 + "02000000" + "9a984347"


def test_table_without_otadata_stores_no_choice(tmp_path: Path):
    flash = FlashFile.create(tmp_path / "flash", size=4 << 20)
    plain = definitions.load(toolchain.boards_dir() / "ESP32_GENERIC").table("factory")
    choice = OtaData(flash, plain)
    assert names(choice) == ["factory"]
    with pytest.raises(LookupError):
        choice.confirm()
    with pytest.raises(LookupError):
        choice.select(plain.slots[0])


# Boards


def test_update_boots_on_trial_and_confirms(bench: Bench):
    board = bench_board(bench, UPDATES)
    assert printed(board) == ["runs 1.0.0 ota_0 False", "runs 2.0.0 ota_1 True", "confirmed"]
    assert board.running == "ota_1"
    assert printed(board) == ["runs 2.0.0 ota_1 False", "confirmed"]


def test_unconfirmed_update_rolls_back_at_reset(bench: Bench):
    main = HELLO + (
        "if machine.reset_cause() == 1:\n    write()\n    slot.finish()\n"
        'if machine.reset_cause() == 1 or version == "2.0.0":\n    machine.reset()\n'
    )
    assert printed(bench_board(bench, main)) == [
        "runs 1.0.0 ota_0 False",
        "runs 2.0.0 ota_1 True",
        "runs 1.0.0 ota_0 False",
    ]


def test_soft_reset_and_wake_keep_running_slot(bench: Bench):
    main = HELLO + (
        "cause = machine.reset_cause()\n"
        "if cause == machine.PWRON_RESET and version == '1.0.0':\n"
        "    write()\n    slot.finish()\n    machine.soft_reset()\n"
        "if cause == machine.SOFT_RESET:\n    machine.deepsleep(1)\n"
        "if cause == machine.DEEPSLEEP_RESET:\n    machine.reset()\n"
    )
    assert printed(bench_board(bench, main)) == [
        *["runs 1.0.0 ota_0 False"] * 3,
        "runs 2.0.0 ota_1 True",
    ]


def test_module_frozen_into_image_is_imported(bench: Bench):
    frozen = {"name.py": "NAME = 'of the image'\n"}
    app = firmware_image.application("esp32", size=12_000, frozen=frozen)
    board = bench.board("from name import NAME; print(NAME)", board=KIND, app=app)
    board.flash.burn(board.table().find("ota_1").offset, FRESH)
    assert printed(board) == ["of the image"]


def test_slot_without_header_never_boots(bench: Bench):
    board = bench_board(bench, HELLO + "write()")
    printed(board)
    board.flash.write(board.table().find("ota_0").offset + 100, bytes(64))
    board.power_on()
    assert board.wait() == "crashed"
    assert "Checksum failed" in board.lines[-3].text
    assert [line.text for line in board.lines[-2:]] == [
        "E (60) esp_image: image at 0x190000 has invalid magic byte (nothing flashed here?)",
        "E (70) boot: No bootable app partitions",
    ]


def test_damaged_image_is_not_chosen(bench: Bench):
    spoilt = FRESH[:5000] + b"\x55" + FRESH[5001:]
    main = HELLO + "write()\ntry:\n    slot.finish()\nexcept Exception as error:\n    print(error)"
    board = bench_board(bench, main, spoilt)
    assert printed(board)[1:] == [
        "the boot loader does not take the image: (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')"
    ]
    assert printed(board)[0] == "runs 1.0.0 ota_0 False"


def test_board_with_one_slot_rejects_update(bench: Bench):
    files = {path: data for path, data in sdk_files().items() if path != "/main.py"}
    board = bench.board("from alink.ota.slot import Slot\nSlot()", files=files)
    board.power_on()
    assert board.wait() == "crashed"
    assert "StoreError: this partition table has no second application slot" in board.tail(1)


def _survive(bench: Bench, board: Board, before: bytes, cut_at: int) -> str:
    """Cut power in an operation of an update; return the version that boots after it."""
    board.flash.path.write_bytes(before)
    board.power_on(cut_at=cut_at)
    assert board.wait() == "cut", f"operation {cut_at} never came"
    lines = printed(board)
    assert lines[-1] == "confirmed", f"cut {cut_at}: {lines}"
    assert lines[-2].startswith("runs 2.0.0"), f"cut {cut_at}: {lines}"
    return lines[0].split()[1]


def test_every_power_cut_leaves_a_bootable_image(bench: Bench, record_property) -> None:
    boards = [bench_board(bench, UPDATES) for _ in range(2)]
    before = boards[0].flash.path.read_bytes()
    printed(boards[0])
    count = boards[0].flash_operations
    # The two builds share the operations: every other one each.
    cuts = list(range(1 + bench.interpreter.word_bits // 64, count + 1, 2))
    halves = [cuts[0::2], cuts[1::2]]
    with ThreadPoolExecutor(2) as pool:
        ran = pool.map(
            lambda pair: [_survive(bench, pair[0], before, at) for at in pair[1]],
            zip(boards, halves, strict=True),
        )
        found = dict(
            zip([*halves[0], *halves[1]], [one for some in ran for one in some], strict=True)
        )
    assert set(found.values()) == {"1.0.0"}, "what was cut short starts again from the old image"
    shown = " ".join(found[at] for at in cuts)
    record_property(
        "counted", f"{bench.interpreter.name}: {len(cuts)} of {count} cut, then ran {shown}"
    )
