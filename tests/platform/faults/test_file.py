"""Faults from a file and from the command line: the same as in Python, errors with their place."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from alink_sim.platform import Fault, FaultError, Platform
from alink_sim.platform.faults import file
from alink_sim.platform.faults.fault import KINDS
from alink_sim.platform.faults.script import Faults
from tests.platform.wire import ACCEPTED, Party, Wire, refused

TOML = """
[[fault]]
kind = "refuse"
code = 5
device = "esp32-240AC4A1B2C3"
connection = 2
times = 1

[[fault]]
kind = "malformed"
packet = "pingresp"
data = "d0 01 00"

[[fault]]
kind = "delay"
packet = "tls"
seconds = 8
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "faults.toml"
    path.write_text(TOML)
    return path


def test_file_and_python_define_same_faults(toml: Path, tmp_path: Path):
    entries = file.read(toml)
    assert [one.fault for one in entries] == [
        Fault.refuse(5),
        Fault.malformed("pingresp", data=b"\xd0\x01\x00"),
        Fault.delay("tls", seconds=8),
    ]
    assert [(one.product, one.device, one.connection, one.times) for one in entries] == [
        (None, "esp32-240AC4A1B2C3", 2, 1),
        (None, None, None, None),
        (None, None, None, None),
    ]
    as_json = tmp_path / "faults.json"
    as_json.write_text(json.dumps(tomllib.loads(TOML)))
    assert file.read(as_json) == entries


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_works_without_parameters(kind: str):
    assert file.entry({"kind": kind}, where="here").fault == KINDS[kind]()


def test_a_loaded_file_strikes_and_is_listed(platform: Platform, party: Party, toml: Path):
    toml.write_text(TOML.partition('[[fault]]\nkind = "delay"')[0])
    platform.faults.load(toml)
    assert platform.faults.listed() == [
        {
            "fault": "refuse(code=5)",
            "product": None,
            "device": "esp32-240AC4A1B2C3",
            "connection": 2,
            "times": 1,
        },
        {
            "fault": "malformed(packet='pingresp', data=b'\\xd0\\x01\\x00')",
            "product": None,
            "device": None,
            "connection": None,
            "times": None,
        },
    ]
    for answer in (ACCEPTED, refused(5), ACCEPTED):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in()) == answer
    assert len(platform.faults.listed()) == 1
    platform.faults.clear()
    assert platform.faults.listed() == []


WRONG = {
    "[[faults]]": "{}: faults is not a known key: did you mean fault?",
    "fault = 1": "{}: fault is 1; write a list",
    "fault = [1]": "{}, fault 1: is 1; write a table",
    "[[fault]]\ncode = 3": "{}, fault 1: kind is missing; use refuse, throttle,",
    "[[fault]]\nkind = 'refuze'": "{}, fault 1: kind is 'refuze'; did you mean refuse?",
    "[[fault]]\nkind = 'explode'": "{}, fault 1: kind is 'explode'; use refuse, throttle,",
    "[[fault]]\nkind = 'drop'\n[[fault]]\nkind = 'drop'\ncode = 3": (
        "{}, fault 2: code is not a known key: use product, device, connection, times or packet"
    ),
    "[[fault]]\nkind = 'refuse'\ncode = '3'": "{}, fault 1: code is '3'; write a whole number",
    "[[fault]]\nkind = 'refuse'\ncode = 0": "{}, fault 1: code is 0; allowed range is 1 to 255",
    "[[fault]]\nkind = 'delay'\nseconds = true": ("{}, fault 1: seconds is True; write a number"),
    "[[fault]]\nkind = 'malformed'\ndata = 'xyz'": (
        "{}, fault 1: data is 'xyz'; write bytes in hex, such as 'd0 01 00'"
    ),
    "[[fault]]\nkind = 'certificate'\nflaw = 'odd'": (
        "{}, fault 1: flaw is 'odd'; use expired, not_yet_valid, wrong_host"
    ),
    "[[fault": "{} is not TOML: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_mistake_names_file_table_and_allowed_values(tmp_path: Path, text: str):
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(FaultError) as caught:
        file.read(path)
    assert str(caught.value).startswith(WRONG[text].format(path))


@pytest.mark.parametrize(
    ("selectors", "said"),
    [
        ({"times": 0}, "times is 0; the minimum is 1"),
        ({"device": "dev-1", "packet": "tls"}, "strikes before a device has said who it is"),
    ],
)
def test_invalid_scenario_adds_no_fault(
    platform: Platform, selectors: dict[str, object], said: str
):
    tables = [{"kind": "drop"}, {"kind": "delay", **selectors}]
    with pytest.raises(FaultError, match=said):
        platform.faults.add_all(file.parse({"fault": tables}, where="here"))
    assert platform.faults.listed() == []


def test_words_of_a_command_line_are_a_table():
    words = ["code=5", "device=dev-1", "seconds=2.5", "topic=/a/b", 'packet="publish"']
    assert file.table(words) == {
        "code": 5,
        "device": "dev-1",
        "seconds": 2.5,
        "topic": "/a/b",
        "packet": "publish",
    }
    with pytest.raises(FaultError, match="'code' is not NAME=VALUE"):
        file.table(["code"])


def test_missing_file_is_reported(tmp_path: Path, make_platform: Callable[..., Platform]):
    with pytest.raises(FaultError, match=r"none\.toml cannot be read: No such file"):
        make_platform().faults.load(tmp_path / "none.toml")


def test_fault_of_another_type_is_refused():
    with pytest.raises(FaultError, match=r"fault is 'refuse'; write Fault\(...\)"):
        Faults().add(cast(Fault, "refuse"))
