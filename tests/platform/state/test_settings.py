"""Settings: each has a default, says what it takes, and is described where people look."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from alink_sim.platform import Settings, SettingsError

ROOT = Path(__file__).parents[3]


def test_every_setting_can_be_given_as_text():
    texts = {"keepalive_code": "3", "auto_deliver": "ss", "rotate_secret": "true"}
    settings = Settings.parse(f"{name}={value}" for name, value in texts.items())
    expected = asdict(Settings()) | {
        "keepalive_code": 3,
        "auto_deliver": "ss",
        "rotate_secret": True,
    }
    assert asdict(settings) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("keepalive_code=none", None),
        ("keepalive_code=5", 5),
        ("rotate_secret=FALSE", False),
        ("push_qos=1", 1),
        ("registration_seconds=2.5", 2.5),
        ("max_client_id=64", 64),
        ("product_in_use_code=iot.prod.InUse", "iot.prod.InUse"),
    ],
)
def test_text_becomes_the_value(text, value):
    assert getattr(Settings.parse([text]), text.partition("=")[0]) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("xyz=1", "'xyz=1' is not NAME=VALUE with a NAME of docs/reference/platform-settings.md"),
        ("push_qos", "NAME of docs/reference/platform-settings.md; did you mean push_qos=...?"),
        ("refuse_code=5", "docs/reference/platform-settings.md; did you mean refused_code=...?"),
        ("refused_code=7", "setting refused_code is '7'; use 4, 3, 5"),
        ("keepalive_code=x", "use none, 1, 2, 3, 4, 5"),
        ("rotate_secret=1", "use false, true"),
        ("sweep_seconds=-1", "setting sweep_seconds is -1.0; write a number, 0 or more"),
        ("sweep_seconds=nan", "write a number, 0 or more"),
        ("product_in_use_code=", "setting product_in_use_code is ''; write a text"),
        ("max_client_id=long", "setting max_client_id is 'long'; write a number"),
    ],
)
def test_wrong_setting_names_allowed_values(text, says):
    with pytest.raises(SettingsError) as caught:
        Settings.parse([text])
    assert says in str(caught.value)


@pytest.mark.parametrize("value", [True, "4", 2.0, None])
def test_a_value_of_another_type_is_refused(value):
    with pytest.raises(SettingsError):
        Settings(push_qos=value)


def _open_questions() -> list[list[str]]:
    """Return the rows of docs/reference/protocol.md's table "Undocumented", cell by cell."""
    text = (
        (ROOT / "docs" / "reference" / "protocol.md")
        .read_text("utf-8")
        .partition("## Undocumented\n")[2]
    )
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("row", _open_questions(), ids=lambda row: row[0])
def test_open_questions_name_their_settings(row: list[str]):
    assert len(row) == 4
    named = set(re.findall(r"`(\w+)`", row[3]))
    assert row[3].startswith("none: ") != bool(named)
    assert named <= {field.name for field in fields(Settings)}


def test_every_setting_answers_an_open_question():
    named = {name for row in _open_questions() for name in re.findall(r"`(\w+)`", row[3])}
    assert {one.name for one in fields(Settings) if not one.metadata.get("own")} == named


def test_each_setting_is_used_and_tested():
    read = _mentions("host_sim/alink_sim/platform", r"settings\.(\w+)")
    changed = _mentions("tests/platform", r"\b(\w+)=|\"(\w+)\"")
    for field in fields(Settings):
        assert field.name in read
        assert field.name in changed


def _mentions(folder: str, pattern: str) -> set[str]:
    files = (path for path in (ROOT / folder).rglob("*.py") if path != Path(__file__))
    found = (re.findall(pattern, path.read_text("utf-8")) for path in files)
    return {
        name
        for one in found
        for names in one
        for name in (names if isinstance(names, tuple) else [names])
    }
