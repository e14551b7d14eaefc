"""The firmware's signature on the judge of the HMAC unit: every step, every length, every chip."""

from __future__ import annotations

import hmac
import struct
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alink_formats.sources import firmware_dir
from alink_sim.board.efuses import Efuses
from alink_sim.board.hmac_unit import FAMILIES, HmacUnit, MisuseError

SECRET = b"a1B2c3D4e5F6g7H8"
SOURCE = (firmware_dir() / "alink" / "boot" / "efuse.py").read_text("utf-8")
LENGTHS = (0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 183, 184, 200, 1000)
IMAGES = {"esp32c3": 5, "esp32s3": 9, "esp32s2": 2, "esp32c6": 13}
MESSAGE = b"deviceNamedev-1productKeya1B2c3D4e5Frandom1a2b3c"
DIGEST = b"30a22e0114421c5d912c833edf6c158dce6d6517c9bf6cc4a747909e8b865159"


class StoreError(Exception):
    """In the place of alink.errors.StoreError."""


class Chip:
    """The modules that the firmware's file imports, over the simulated unit."""

    def __init__(self, folder: Path, name: str, image: int | None = None) -> None:
        family = FAMILIES[name]
        self.efuses = Efuses(folder / "efuse.bin", family.efuse)
        self.unit = HmacUnit(family, self.efuses)
        self.family = family
        self.image = IMAGES[name] if image is None else image

    def __getitem__(self, address: int) -> int:
        return self.unit.read(address)

    def __setitem__(self, address: int, value: int) -> None:
        self.unit.write(address, value)

    def load(self, monkeypatch: pytest.MonkeyPatch, source: str = SOURCE) -> Callable[..., bytes]:
        """Return `hmac` of the firmware's file on this chip."""
        chip = self

        class Partition:
            RUNNING = 1

            def __init__(self, _: int) -> None:
                pass

            def readblocks(self, _block: int, buffer: bytearray, _offset: int) -> None:
                buffer[0], buffer[12] = 0xE9, chip.image

        fakes: dict[str, dict[str, Any]] = {
            "esp32": {"Partition": Partition},
            "machine": {"mem32": self},
            "micropython": {"const": lambda value: value},
            # `hmac` uses neither of the steps that its module loads.
            "judged": {"heap": types.SimpleNamespace(load=lambda name: None)},
            "judged.errors": {"StoreError": StoreError},
            "judged.boot": {},
        }
        for name, members in fakes.items():
            module = types.ModuleType(name)
            module.__dict__.update(members)
            monkeypatch.setitem(sys.modules, name, module)
        scope: dict[str, Any] = {"__name__": "judged.boot.efuse", "__package__": "judged.boot"}
        exec(compile(source, "efuse.py", "exec"), scope)  # noqa: S102 (our own file)
        signs: Callable[..., bytes] = scope["hmac"]
        return signs


@pytest.fixture
def chip(tmp_path: Path) -> Chip:
    made = Chip(tmp_path, "esp32c3")
    made.efuses.burn_key(0, SECRET)
    return made


@pytest.mark.parametrize("name", FAMILIES)
def test_every_length_is_signed_on_every_chip(tmp_path, monkeypatch, name: str):
    made = Chip(tmp_path, name)
    made.efuses.burn_key(3, SECRET)
    signs = made.load(monkeypatch)
    for length in LENGTHS:
        message = bytes(n % 251 for n in range(length))
        expected = hmac.new(SECRET, message, "sha256").hexdigest().encode()
        assert signs(b"efuse:3", b"hmacsha256", message) == expected, length
        assert made.unit.is_at_rest


def test_known_digest_of_a_registration(chip: Chip, monkeypatch):
    assert chip.load(monkeypatch)(b"efuse:0", b"hmacsha256", MESSAGE) == DIGEST


def test_device_secret_of_32_characters_fills_a_block(chip: Chip, monkeypatch):
    secret = b"0123456789abcdef0123456789abcdef"
    chip.efuses.burn_key(1, secret)
    expected = hmac.new(secret, b"m", "sha256").hexdigest().encode()
    assert chip.load(monkeypatch)(b"efuse:1", b"hmacsha256", b"m") == expected


STEPS = {
    "clock": ("        mem32[clock] = mem32[clock] | on\n", "        pass\n"),
    "reset": ("        mem32[reset] = mem32[reset] | bits\n", "        pass\n"),
    "release of the reset": ("        mem32[reset] = mem32[reset] & ~bits\n", "        pass\n"),
    "START": ("        mem32[unit + 0x40] = 1\n", ""),
    "purpose": ("        mem32[unit + 0x44] = _UPSTREAM\n", ""),
    "another purpose": ("0x44] = _UPSTREAM", "0x44] = 7"),
    "key": ("        mem32[unit + 0x48] = block\n", ""),
    "PARA_FINISH": ("        mem32[unit + 0x4C] = 1\n", ""),
    "look at the error": ("if mem32[unit + 0x68]:", "if False:"),
    "more blocks": ("(0xF0 if start == last else 0x54)", "0xF0"),
    "last block": ("(0xF0 if start == last else 0x54)", "0x54"),
    "MESSAGE_ONE": ("            mem32[unit + 0x50] = 1\n", ""),
    "one block": ("            mem32[unit + 0xF4] = 1\n", ""),
    "words": (
        "range(0, 64, 4):\n                mem32",
        "range(0, 60, 4):\n                mem32",
    ),
    "byte order": ('unpack_from("<I"', 'unpack_from(">I"'),
    "byte order of the result": ('pack("<I"', 'pack(">I"'),
    "length of the key's block": ("8 * size + 512", "8 * size"),
    "padding": ("(55 - size) % 64", "(56 - size) % 64"),
    "forget the result": ("        mem32[unit + 0x5C] = 2  # Forget the result.\n", ""),
    "clock as before": ("            mem32[clock] = before[number]\n", "            pass\n"),
    "wait": ("        if not mem32[unit + 0x6C]:\n            return\n", "        return\n"),
}


@pytest.mark.parametrize("step", STEPS)
def test_dropped_step_fails_loudly(chip: Chip, monkeypatch, step: str):
    old, new = STEPS[step]
    assert old in SOURCE
    signs = chip.load(monkeypatch, SOURCE.replace(old, new, 1))
    try:
        digests = [signs(b"efuse:0", b"hmacsha256", bytes(size)) for size in (48, 200)]
    except (MisuseError, StoreError, struct.error):
        return
    right = [hmac.new(SECRET, bytes(size), "sha256").hexdigest().encode() for size in (48, 200)]
    assert digests != right or not chip.unit.is_at_rest


@pytest.mark.parametrize("purpose", [0, 5, 7, 9])
def test_wrong_purpose_is_a_typed_error(chip: Chip, monkeypatch, purpose: int):
    chip.efuses.burn_key(2, SECRET, purpose=purpose)
    with pytest.raises(StoreError, match=f"block 2 has purpose {purpose}, not 8"):
        chip.load(monkeypatch)(b"efuse:2", b"hmacsha256", b"m")


def test_empty_block_is_a_typed_error(chip: Chip, monkeypatch):
    chip.efuses.burn_key(2, b"", protect=False)
    with pytest.raises(StoreError, match="block 2 is empty"):
        chip.load(monkeypatch)(b"efuse:2", b"hmacsha256", b"m")


@pytest.mark.parametrize("method", [b"hmacmd5", b"hmacsha1"])
def test_other_sign_methods_are_refused(chip: Chip, monkeypatch, method: bytes):
    with pytest.raises(StoreError, match="signs hmacsha256 only"):
        chip.load(monkeypatch)(b"efuse:0", method, b"m")


@pytest.mark.parametrize("value", [b"efuse:6", b"efuse:", b"efuse:x", b"efuse:-1"])
def test_unknown_block_is_refused(chip: Chip, monkeypatch, value: bytes):
    with pytest.raises(StoreError, match="is not an eFuse block"):
        chip.load(monkeypatch)(value, b"hmacsha256", b"m")


@pytest.mark.parametrize("image", [0, 12, 0xFF])
def test_chip_without_the_unit_says_so(tmp_path, monkeypatch, image: int):
    signs = Chip(tmp_path, "esp32c3", image).load(monkeypatch)
    with pytest.raises(StoreError, match=f"no HMAC unit .image of chip {image}."):
        signs(b"efuse:0", b"hmacsha256", b"m")


def test_read_protected_key_reads_zero(chip: Chip):
    base = chip.family.efuse
    words = [chip[base + 0x9C + offset] for offset in range(0, 32, 4)]
    assert words == [0] * 8
    assert chip.efuses.key(0).startswith(SECRET)
    chip[base + 0x04] = 0  # RD_DIS cannot be taken back.
    chip[base + 0x1CC], chip[base + 0x1D4] = 0x5A5A, 2
    assert [chip[base + 0x9C + offset] for offset in range(0, 32, 4)] == [0] * 8


def test_unprotected_key_reads_in_clear(chip: Chip):
    chip.efuses.burn_key(1, SECRET, protect=False)
    assert chip[chip.family.efuse + 0xBC] == int.from_bytes(SECRET[:4], "little")


# The right sequence for a message of two blocks, then for one of a block; each step by its name.
# "idle" reads QUERY_BUSY until it is 0, "look" reads QUERY_ERROR, "result" its first word.
GATES = ["clock", "hold", "release", "idle"]
SET_UP = [*GATES, "START", "idle", "PURPOSE", "KEY", "PARA_FINISH", "idle", "look"]
TWO = [*SET_UP, "block 1", "MESSAGE_ONE", "idle", "MESSAGE_PAD", "idle", "block 2", "MESSAGE_ONE"]
TWO += ["idle", "result", "RESULT_FINISH"]
ONE = [*SET_UP, "block", "MESSAGE_ONE", "idle", "ONE_BLOCK", "idle", "result", "RESULT_FINISH"]
WRITES = {
    "clock": (0x600C0014 - 0x6003E000, 0x34),
    "hold": (0x600C001C - 0x6003E000, 0x34),
    "release": (0x600C001C - 0x6003E000, 0),
    "START": (0x40, 1),
    "PURPOSE": (0x44, 8),
    "purpose 7": (0x44, 7),
    "KEY": (0x48, 0),
    "key 5": (0x48, 5),
    "PARA_FINISH": (0x4C, 1),
    "MESSAGE_ONE": (0x50, 1),
    "MESSAGE_ING": (0x54, 1),
    "MESSAGE_END": (0x58, 1),
    "MESSAGE_PAD": (0xF0, 1),
    "ONE_BLOCK": (0xF4, 1),
    "ONE_BLOCK 2": (0xF4, 2),
    "RESULT_FINISH": (0x5C, 2),
    "RESULT_FINISH 1": (0x5C, 1),
}


def _padded(size: int, *, bits: int = 512) -> bytes:
    return bytes(size) + b"\x80" + bytes((55 - size) % 64) + struct.pack(">Q", 8 * size + bits)


BLOCKS = {
    "block": _padded(10),
    "block 1": _padded(100)[:64],
    "block 2": _padded(100)[64:],
    "15 words": _padded(10)[:60],
    "short length": _padded(10, bits=0),
    "long length": _padded(10, bits=512 + 8 * 99),
    "no 0x80": _padded(10).replace(b"\x80", b"\x00"),
}


def _drive(chip: Chip, steps: list[str]) -> int:
    base, result = chip.family.hmac, 0
    for step in steps:
        if step == "idle":
            while chip[base + 0x6C]:
                pass
        elif step == "look":
            assert chip[base + 0x68] in (0, 1)
        elif step == "result":
            result = chip[base + 0xC0]
        elif step in BLOCKS:
            for at in range(0, len(BLOCKS[step]), 4):
                chip[base + 0x80 + at] = int.from_bytes(BLOCKS[step][at : at + 4], "little")
        else:
            offset, value = WRITES[step]
            chip[base + offset] = value
    return result


def _without(steps: list[str], *names: str) -> list[str]:
    return [step for step in steps if step not in names]


def _instead(steps: list[str], old: str, *new: str) -> list[str]:
    at = steps.index(old)
    return [*steps[:at], *new, *steps[at + 1 :]]


MISUSES = {
    "no clock": (_without(ONE, "clock"), "HMAC has no clock"),
    "held in reset": (_without(ONE, "release"), "HMAC is held in reset"),
    "never reset": (_without(ONE, "hold", "release"), "HMAC was not reset after its clock"),
    "reset before the clock": (["hold", "release", "clock", *ONE[3:]], "HMAC was not reset"),
    "busy step": (_without(ONE, "idle"), "PURPOSE while the unit is busy"),
    "START twice": (_instead(ONE, "look", "look", "START"), "START before the last result"),
    "word too early": ([*SET_UP[:-2], "look", "block"], "word of the message while the unit is b"),
    "no look": (_without(ONE, "look"), "a message before QUERY_ERROR was read"),
    "no START": (_without(ONE, "START"), "PURPOSE is set while the unit is idle"),
    "START alone missing": (_without(ONE, "START", "PURPOSE", "KEY"), "PARA_FINISH before START"),
    "no purpose": (_without(ONE, "PURPOSE"), "PARA_FINISH without purpose 8 and a key block"),
    "no key": (_without(ONE, "KEY"), "PARA_FINISH without purpose 8 and a key block"),
    "purpose 7": (_instead(ONE, "PURPOSE", "purpose 7"), "PARA_FINISH without purpose 8"),
    "block of another purpose": (
        _instead(ONE, "KEY", "key 5"),
        "a message while the unit is error",
    ),
    "15 words": (_instead(ONE, "block", "15 words"), "MESSAGE_ONE after 15 words of 16"),
    "no PAD": (_without(TWO, "MESSAGE_PAD"), "another block without MESSAGE_ING or MESSAGE_PAD"),
    "ING for PAD": (_instead(TWO, "MESSAGE_PAD", "MESSAGE_ING"), "read before it is there"),
    "ING first": ([*SET_UP, "MESSAGE_ING"], "MESSAGE_PAD without a block before it"),
    "ING twice": (_instead(TWO, "MESSAGE_PAD", "MESSAGE_ING", "idle", "MESSAGE_PAD"), "without a"),
    "no ONE_BLOCK": (_without(ONE, "ONE_BLOCK"), "the result is read before it is there"),
    "ONE_BLOCK after two": (
        _instead(TWO, "result", "ONE_BLOCK"),
        "ONE_BLOCK after another number",
    ),
    "ONE_BLOCK after a middle one": (
        [*_instead(TWO, "MESSAGE_PAD", "MESSAGE_ING")[:-2], "ONE_BLOCK"],
        "ONE_BLOCK after another number",
    ),
    "ONE_BLOCK is 2": (_instead(ONE, "ONE_BLOCK", "ONE_BLOCK 2"), "ONE_BLOCK is 2, not 1"),
    "result too early": ([*ONE[:-3], "result"], "the result is read before it is there"),
    "RESULT_FINISH is 1": (_instead(ONE, "RESULT_FINISH", "RESULT_FINISH 1"), "is 1, not 2"),
    "result not forgotten": ([*ONE[:-1], "START"], "START before the last result was forgotten"),
    "unknown register": ([*SET_UP, "MESSAGE_END"], "0x58 is not a register of the sequence"),
    "short length": (_instead(ONE, "block", "short length"), "length at the end of the message"),
    "long length": (_instead(ONE, "block", "long length"), "length at the end of the message"),
    "no padding": (_instead(ONE, "block", "no 0x80"), "not padded as SHA-256"),
}


@pytest.mark.parametrize("steps", [ONE, TWO], ids=["one", "two"])
def test_right_sequence_is_judged_right(chip: Chip, steps: list[str]):
    message = bytes(10) if steps is ONE else bytes(100)
    digest = hmac.digest(SECRET, message, "sha256")
    for _ in range(2):
        assert _drive(chip, steps) == int.from_bytes(digest[:4], "little")


@pytest.mark.parametrize("name", MISUSES)
def test_each_misuse_is_named(chip: Chip, name: str):
    steps, sentence = MISUSES[name]
    with pytest.raises(MisuseError, match=sentence):
        _drive(chip, steps)
